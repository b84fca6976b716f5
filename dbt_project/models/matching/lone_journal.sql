-- One row per journal of source billing that names no document, entity and currency: what does it put on the receivable
-- account, and what net and tax amounts does it show against it? Null where it shows none. A journal that was taken
-- back posts nothing, and one that stands in two periods is no summary of either.
with lines as (
  select * from {{ ref('journal_line') }}
),

accounts as (
  select * from {{ ref('gl_account') }}
),

taken_back as (
  select distinct source_instance, reversal_of as journal_id
  from lines
  where reversal_of is not null
),

without_document as (
  select lines.source_instance, lines.journal_id
  from lines
  left join taken_back
    on taken_back.source_instance = lines.source_instance and taken_back.journal_id = lines.journal_id
  where taken_back.journal_id is null
  group by lines.source_instance, lines.journal_id
  having
    min(lines.source) = 'billing'
    and max(lines.source) = 'billing'
    and count(lines.document_id) = 0
    and count(lines.reversal_of) = 0
    and count(distinct lines.period) = 1
),

of_control as (
  select
    lines.source_instance,
    lines.journal_id,
    lines.legal_entity_code,
    lines.currency_code,
    lines.posting_date,
    lines.period,
    lines.created_at,
    accounts.control,
    lines.debit_minor - lines.credit_minor as amount_minor
  from lines
  inner join without_document
    on without_document.source_instance = lines.source_instance and without_document.journal_id = lines.journal_id
  left join accounts
    on accounts.source_instance = lines.source_instance and accounts.account_number = lines.account_number
)

select
  source_instance,
  journal_id,
  legal_entity_code,
  currency_code,
  min(posting_date) as posting_date,
  min(period) as period,
  min(created_at) as created_at,
  cast(sum(case when control = 'receivable' then amount_minor else 0 end) as bigint) as gross_minor,
  cast(sum(case when control in ('revenue', 'deferred_revenue') then -amount_minor end) as bigint) as net_minor,
  cast(sum(case when control = 'tax' then -amount_minor end) as bigint) as tax_minor,
  cast(sum(case when control = 'deferred_revenue' then -amount_minor else 0 end) as bigint) as deferred_minor
from of_control
group by source_instance, journal_id, legal_entity_code, currency_code
