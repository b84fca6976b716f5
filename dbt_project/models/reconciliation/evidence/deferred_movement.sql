-- One row per movement that the subledgers of deferred revenue explain: billed and credited on documents, billed in a
-- summary journal that is matched to its invoices, taken back with a reversed document, recognized by schedule or due
-- to be, released from prepaid grants. A credit (more deferred) is positive.
with deferred_accounts as (
  select source_instance, account_number
  from {{ ref('gl_account') }}
  where control = 'deferred_revenue'
),

document_lines as (
  select
    lines.source_instance,
    lines.document_id,
    lines.document_line_id,
    lines.document_status,
    lines.legal_entity_code,
    lines.currency_code,
    lines.period,
    lines.sign * lines.amount_minor as amount_minor
  from {{ ref('ar_document_line') }} as lines
  inner join deferred_accounts
    on
      deferred_accounts.source_instance = lines.source_instance
      and deferred_accounts.account_number = lines.account_number
),

summaries as (
  select erp_instance, record_id as journal_id from {{ ref('summary_member') }} where object = 'journal'
  union
  select erp_instance, record_id as journal_id from {{ ref('summary_credit') }} where object = 'journal'
),

reversal_periods as (
  select source_instance, document_id, min(period) as period
  from {{ ref('receivable_subledger') }}
  where object = 'reversal'
  group by source_instance, document_id
),

releases as (
  select
    customers.erp_instance as source_instance,
    prepaid.event_ref,
    prepaid.legal_entity_code,
    prepaid.currency_code,
    {{ period_of('calendar.period', 'prepaid.released_at') }} as period,
    -prepaid.amount_minor as amount_minor
  from {{ ref('prepaid_release') }} as prepaid
  inner join {{ ref('billing_customer') }} as customers
    on customers.source_instance = prepaid.source_instance and customers.customer_id = prepaid.customer_id
  left join {{ ref('entity_period') }} as calendar
    on
      calendar.source_instance = customers.erp_instance
      and calendar.legal_entity_code = prepaid.legal_entity_code
      and {{ utc_date('prepaid.released_at') }} between calendar.first_date and calendar.last_date
  where customers.erp_instance is not null
)

select
  source_instance,
  case when amount_minor < 0 then 'credited' else 'billed' end as kind,
  'ar_document_line:' || document_line_id as record_ref,
  legal_entity_code,
  currency_code,
  period,
  amount_minor
from document_lines
union all
select
  journals.source_instance,
  'billed' as kind,
  'journal_line:' || journals.journal_id as record_ref,
  journals.legal_entity_code,
  journals.currency_code,
  journals.period,
  journals.deferred_minor as amount_minor
from {{ ref('lone_journal') }} as journals
inner join summaries on summaries.erp_instance = journals.source_instance and summaries.journal_id = journals.journal_id
where journals.deferred_minor <> 0
union all
select
  document_lines.source_instance,
  'reversed' as kind,
  'ar_document_line:' || document_lines.document_line_id as record_ref,
  document_lines.legal_entity_code,
  document_lines.currency_code,
  reversal_periods.period,
  -document_lines.amount_minor as amount_minor
from document_lines
inner join reversal_periods
  on
    reversal_periods.source_instance = document_lines.source_instance
    and reversal_periods.document_id = document_lines.document_id
where document_lines.document_status = 'reversed'
union all
select
  source_instance,
  kind,
  'revenue_schedule:' || schedule_id as record_ref,
  legal_entity_code,
  currency_code,
  period,
  amount_minor
from {{ ref('schedule_movement') }}
union all
select
  source_instance,
  'released' as kind,
  event_ref as record_ref,
  legal_entity_code,
  currency_code,
  period,
  amount_minor
from releases
