-- One row per open break and books it touches (legal entity, currency, accounting period, account where it matters),
-- with the amount at stake there: which findings could a difference in a sum of many records come from?
{% set subject = ['exception_key', 'subject', 'instance', 'id', 'stake_minor'] %}
with opened as (
  select * from {{ ref('exception_opened') }}
),

links as (
  select source_instance, linked_instance from {{ source('config', 'instance_links') }} where domain = 'erp'
),

documents as (
  select * from {{ ref('ar_document') }}
),

accounts as (
  select * from {{ ref('gl_account') }}
),

cell_named as (
  select
    opened.exception_key, 'books' as subject, links.linked_instance as instance,
    case
      when opened.code = 'R33' then opened.part_1 || '|' || opened.part_3 || '|' || opened.part_4
      else opened.match_key
    end as id,
    abs(opened.delta_minor) as stake_minor
  from opened
  inner join links on links.source_instance = opened.source_instance
  where opened.code in ('R08', 'R31', 'R32', 'R33')
),

account_named as (
  select
    opened.exception_key, 'account' as subject, links.linked_instance as instance, opened.match_key as id,
    abs(opened.delta_minor) as stake_minor
  from opened
  inner join links on links.source_instance = opened.source_instance
  where opened.code = 'R33'
),

deferred_named as (
  select
    opened.exception_key, 'deferred' as subject, links.linked_instance as instance, opened.match_key as id,
    abs(opened.delta_minor) as stake_minor
  from opened
  inner join links on links.source_instance = opened.source_instance
  where opened.code = 'R31'
),

-- an equal amount with the opposite sign, in another entity, account or period of the same ledger
balance_moved as (
  select
    exception_key, 'moved_balance' as subject, source_instance as instance,
    finding || '|' || part_3 || '|' || cast(abs(delta_minor) as {{ dbt.type_string() }}) as id,
    abs(delta_minor) as stake_minor
  from opened
  where finding in ('R33_elsewhere', 'R33_period') and delta_minor <> 0
),

-- a finding about a document touches the books of its own period and those that the document stands in
document_findings as (
  select
    opened.*,
    concerned.subject,
    concerned.instance as concerned_instance,
    concerned.id as concerned_id
  from opened
  left join {{ ref('exception_subject_document') }} as concerned
    on concerned.exception_key = opened.exception_key and concerned.subject in ('invoice', 'credit_note')
  where opened.code in ('R14', 'R16', 'R20', 'R21')
),

document_at_stake as (
  select
    found.exception_key,
    documents.source_instance as instance,
    documents.legal_entity_code || '|' || documents.currency_code || '|' || documents.period as id,
    documents.total_amount_minor as gross_minor
  from document_findings as found
  inner join documents
    on
      documents.billing_instance = found.concerned_instance
      and documents.external_object = found.subject
      and documents.external_id = found.concerned_id

  union all

  -- a document that billing does not know
  select
    opened.exception_key,
    documents.source_instance as instance,
    documents.legal_entity_code || '|' || documents.currency_code || '|' || documents.period as id,
    documents.total_amount_minor as gross_minor
  from opened
  inner join documents
    on documents.source_instance = opened.source_instance and documents.document_id = opened.after_part_1
  where opened.code = 'R20' and opened.part_1 = 'ar_documents'
),

-- what was booked in a wrong period (R21) or stands alone is at stake whole; tax disturbs no balance of this kind
sizes as (
  select
    opened.exception_key,
    coalesce(max(nullif(abs(opened.delta_minor), 0)), max(documents.gross_minor), 0) as stake_minor
  from opened
  left join document_at_stake as documents on documents.exception_key = opened.exception_key
  where opened.finding not in ('R14_period', 'R14_tax', 'R16_period')
  group by opened.exception_key
),

document_books as (
  select
    documents.exception_key, 'books' as subject, documents.instance, documents.id, sizes.stake_minor
  from document_at_stake as documents
  inner join sizes on sizes.exception_key = documents.exception_key

  union

  -- where the document belongs, when it stands in another period
  select
    found.exception_key, 'books' as subject, policy.erp_instance as instance,
    policy.legal_entity_code || '|' || documents.currency_code || '|' || policy.policy_period as id, sizes.stake_minor
  from document_findings as found
  inner join sizes on sizes.exception_key = found.exception_key
  inner join {{ ref('posting_policy') }} as policy
    on
      policy.source_instance = found.concerned_instance
      and policy.object = found.subject
      and policy.key = found.concerned_id
  inner join documents
    on
      documents.billing_instance = found.concerned_instance
      and documents.external_object = found.subject
      and documents.external_id = found.concerned_id

  union

  select
    opened.exception_key, 'books' as subject, links.linked_instance as instance,
    opened.legal_entity_code || '|' || opened.currency_code || '|' || opened.period as id, sizes.stake_minor
  from opened
  inner join sizes on sizes.exception_key = opened.exception_key
  inner join links on links.source_instance = opened.source_instance
  where
    opened.code in ('R14', 'R16', 'R20', 'R21', 'R30')
    and opened.legal_entity_code is not null
    and opened.currency_code is not null
    and opened.period is not null
),

journal_entries as (
  select
    opened.exception_key,
    journals.source_instance as instance,
    accounts.control,
    journals.legal_entity_code,
    journals.account_number,
    journals.currency_code,
    journals.period,
    abs(sum(journals.debit_minor - journals.credit_minor)) as stake_minor
  from opened
  inner join {{ ref('journal_line') }} as journals
    on
      journals.source_instance = opened.source_instance
      and journals.journal_id = case when opened.code = 'R34' then opened.match_key else opened.part_2 end
  inner join accounts
    on accounts.source_instance = journals.source_instance and accounts.account_number = journals.account_number
  where opened.code = 'R34' or (opened.code = 'R20' and opened.part_1 = 'journal_lines')
  group by
    opened.exception_key,
    journals.source_instance,
    accounts.control,
    journals.legal_entity_code,
    journals.account_number,
    journals.currency_code,
    journals.period
),

journal_books as (
  select
    exception_key, 'books' as subject, instance, legal_entity_code || '|' || currency_code || '|' || period as id,
    max(stake_minor) as stake_minor
  from journal_entries
  where control in ('deferred_revenue', 'unbilled', 'revenue')
  group by exception_key, instance, legal_entity_code, currency_code, period
),

journal_account as (
  select
    exception_key, 'account' as subject, instance,
    legal_entity_code || '|' || account_number || '|' || currency_code || '|' || period as id, stake_minor
  from journal_entries
  where control = 'receivable'
),

journal_deferred as (
  select
    exception_key, 'deferred' as subject, instance,
    legal_entity_code || '|' || currency_code || '|' || period as id, max(stake_minor) as stake_minor
  from journal_entries
  where control = 'deferred_revenue'
  group by exception_key, instance, legal_entity_code, currency_code, period
),

schedule_books as (
  select distinct
    opened.exception_key, 'books' as subject, schedules.source_instance as instance,
    schedules.legal_entity_code || '|' || schedules.currency_code || '|' || schedules.period as id,
    abs(opened.delta_minor) as stake_minor
  from opened
  inner join links on links.source_instance = opened.source_instance
  inner join {{ ref('revenue_schedule') }} as schedules
    on
      schedules.source_instance = links.linked_instance
      and schedules.contract_id = opened.part_1
      and schedules.sku = opened.part_2
  where opened.code = 'R30'
)

{% for part in [
  'cell_named', 'account_named', 'deferred_named', 'balance_moved', 'document_books', 'journal_books', 'journal_account',
  'journal_deferred', 'schedule_books',
] %}
select {{ subject | join(', ') }} from {{ part }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
