-- One row per posting whose accounting period the ledger chose: a receivable document, the reversal of a voided one, a
-- journal that posts without a document, a cash application, a recognized row of a revenue schedule. In which period
-- does it belong by policy?
{{ config(materialized='view') }}
with calendar as (
  select * from {{ ref('posting_period') }}
),

documents as (
  select * from {{ ref('ar_document') }}
),

policies as (
  select * from {{ ref('posting_policy') }}
),

held as (
  select * from {{ ref('summary_policy') }}
),

schedule_journals as (
  select
    source_instance,
    journal_id,
    min(period) as period,
    max(period) as last_period,
    min(created_at) as created_at
  from {{ ref('journal_line') }}
  group by source_instance, journal_id
),

-- the ERP's own date stands in where no billing document says when it was issued, nor those that the posting holds; in
-- the books of another entity than the invoice's its day counts, by the periods of those books
dated as (
  select
    documents.source_instance, documents.document_id as key, 'ar_document' as object, documents.legal_entity_code,
    documents.currency_code, coalesce(held.amount_minor, documents.sign * documents.total_amount_minor) as amount_minor,
    documents.period as posted_period, documents.external_object, documents.external_id, documents.billing_instance,
    case
      when policies.legal_entity_code <> documents.legal_entity_code then null
      else coalesce(policies.policy_period, held.policy_period)
    end as billing_policy_period,
    case
      when policies.legal_entity_code <> documents.legal_entity_code then null
      else coalesce(policies.origin_period, held.origin_period)
    end as billing_origin_period,
    (policies.key is not null or held.record_id is not null)
    and coalesce(policies.legal_entity_code = documents.legal_entity_code, true) as has_policy,
    coalesce(policies.policy_date, held.policy_date, documents.document_date) as first_date,
    coalesce(policies.policy_date, held.policy_date, documents.document_date) as last_date,
    coalesce(policies.policy_date, held.policy_date, documents.document_date) as utc_date,
    coalesce(policies.final_at, documents.created_at) as final_at,
    case when policies.key is null and held.record_id is null then 'document date' else 'issue date' end as date_name,
    cast(null as {{ dbt.type_string() }}) as named_period
  from documents
  left join policies
    on
      policies.source_instance = documents.billing_instance
      and policies.object = documents.external_object
      and policies.key = documents.external_id
  left join held
    on
      held.erp_instance = documents.source_instance
      and held.object = 'ar_document'
      and held.record_id = documents.document_id
  union all
  select
    journals.source_instance,
    'journals|' || journals.journal_id || '|' || journals.legal_entity_code || '|' || journals.currency_code as key,
    'journal' as object, journals.legal_entity_code, journals.currency_code,
    coalesce(held.amount_minor, journals.gross_minor) as amount_minor, journals.period as posted_period,
    cast(null as {{ dbt.type_string() }}) as external_object, cast(null as {{ dbt.type_string() }}) as external_id,
    cast(null as {{ dbt.type_string() }}) as billing_instance,
    held.policy_period as billing_policy_period, held.origin_period as billing_origin_period,
    held.record_id is not null as has_policy,
    coalesce(held.policy_date, journals.posting_date) as first_date,
    coalesce(held.policy_date, journals.posting_date) as last_date,
    coalesce(held.policy_date, journals.posting_date) as utc_date,
    journals.created_at as final_at,
    case when held.record_id is null then 'posting date' else 'issue date' end as date_name,
    cast(null as {{ dbt.type_string() }}) as named_period
  from {{ ref('lone_journal') }} as journals
  left join held
    on
      held.erp_instance = journals.source_instance
      and held.object = 'journal'
      and held.record_id = journals.journal_id
      and held.legal_entity_code = journals.legal_entity_code
      and held.currency_code = journals.currency_code
  where journals.gross_minor <> 0
  union all
  -- the ledger dates a void by the entity's own clock: a day either side of the UTC date is the same void
  select
    documents.source_instance, documents.document_id as key, 'reversal' as object, documents.legal_entity_code,
    documents.currency_code, -documents.sign * documents.total_amount_minor as amount_minor,
    reversals.period as posted_period, documents.external_object, documents.external_id, documents.billing_instance,
    case when policies.legal_entity_code <> documents.legal_entity_code then null else policies.policy_period end
      as billing_policy_period,
    case when policies.legal_entity_code <> documents.legal_entity_code then null else policies.origin_period end
      as billing_origin_period,
    coalesce(policies.legal_entity_code = documents.legal_entity_code, true) as has_policy,
    {{ add_days('policies.policy_date', -1) }} as first_date,
    {{ add_days('policies.policy_date', 1) }} as last_date,
    policies.policy_date as utc_date,
    policies.final_at, 'void' as date_name, cast(null as {{ dbt.type_string() }}) as named_period
  from documents
  inner join policies
    on
      policies.source_instance = documents.billing_instance
      and policies.object = 'void'
      and policies.key = documents.external_id
      and documents.external_object = 'invoice'
  inner join {{ ref('document_reversal') }} as reversals
    on
      reversals.source_instance = documents.source_instance
      and reversals.document_id = documents.document_id
      and reversals.period is not null
  union all
  -- a moment in UTC falls on one of two days of the entity's own clock, which is 12 hours behind to 14 ahead
  select
    applications.source_instance, 'cash_applications|' || applications.application_id as key,
    'cash_application' as object, applications.legal_entity_code, applications.currency_code,
    applications.amount_minor, applications.period as posted_period,
    cast(null as {{ dbt.type_string() }}) as external_object, cast(null as {{ dbt.type_string() }}) as external_id,
    cast(null as {{ dbt.type_string() }}) as billing_instance,
    cast(null as {{ dbt.type_string() }}) as billing_policy_period,
    cast(null as {{ dbt.type_string() }}) as billing_origin_period,
    false as has_policy,
    {{ utc_date(add_hours('applications.applied_at', -12)) }} as first_date,
    {{ utc_date(add_hours('applications.applied_at', 14)) }} as last_date,
    {{ utc_date('applications.applied_at') }} as utc_date,
    applications.applied_at as final_at, 'application date' as date_name,
    cast(null as {{ dbt.type_string() }}) as named_period
  from {{ ref('cash_application') }} as applications
  union all
  -- a schedule names its period by the entity's own label, and no day
  select
    schedules.source_instance, 'revenue_schedules|' || schedules.schedule_id as key,
    'revenue_schedule' as object, schedules.legal_entity_code, schedules.currency_code,
    schedules.amount_minor,
    case when journals.period = schedules.period then journals.last_period else journals.period end as posted_period,
    cast(null as {{ dbt.type_string() }}) as external_object, cast(null as {{ dbt.type_string() }}) as external_id,
    cast(null as {{ dbt.type_string() }}) as billing_instance,
    cast(null as {{ dbt.type_string() }}) as billing_policy_period,
    cast(null as {{ dbt.type_string() }}) as billing_origin_period,
    false as has_policy,
    cast(null as date) as first_date, cast(null as date) as last_date, cast(null as date) as utc_date,
    journals.created_at as final_at, 'schedule' as date_name, schedules.period as named_period
  from {{ ref('revenue_schedule') }} as schedules
  inner join schedule_journals as journals
    on journals.source_instance = schedules.source_instance and journals.journal_id = schedules.journal_id
  where schedules.status = 'recognized'
),

placed as (
  select
    dated.*,
    first_period.period as first_period,
    last_period.period as last_period,
    first_period.taking_period,
    dated.object = 'cash_application' and first_period.period <> last_period.period as is_either_period
  from dated
  left join calendar as first_period
    on
      first_period.source_instance = dated.source_instance
      and first_period.legal_entity_code = dated.legal_entity_code
      and (
        dated.first_date between first_period.first_date and first_period.last_date
        or dated.named_period = first_period.period
      )
      and dated.final_at >= first_period.final_from
      and dated.final_at < first_period.final_until
  left join calendar as last_period
    on
      last_period.source_instance = dated.source_instance
      and last_period.legal_entity_code = dated.legal_entity_code
      and dated.last_date between last_period.first_date and last_period.last_date
      and dated.final_at >= last_period.final_from
      and dated.final_at < last_period.final_until
)

-- where billing says when it was issued, its policy counts; a void's other day is its policy period's neighbour. The
-- dates to be told: that in UTC, or both days that the entity's clock may have shown where their periods differ.
select
  placed.source_instance,
  placed.key,
  placed.object,
  placed.legal_entity_code,
  placed.currency_code,
  placed.amount_minor,
  placed.posted_period,
  placed.external_object,
  placed.external_id,
  placed.billing_instance,
  case when placed.is_either_period then placed.first_date else placed.utc_date end as first_date,
  case when placed.is_either_period then placed.last_date else placed.utc_date end as last_date,
  placed.date_name,
  case when placed.has_policy then placed.billing_policy_period else placed.taking_period end as policy_period,
  case
    when placed.object = 'reversal' and placed.posted_period in (placed.first_period, placed.last_period)
      then placed.posted_period
    when placed.object = 'cash_application' then placed.last_period
  end as other_period,
  coalesce(placed.billing_origin_period, placed.first_period) as origin_period
from placed
