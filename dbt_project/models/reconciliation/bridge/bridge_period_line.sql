-- One row per source instance, legal entity, accounting period, currency, leg and cause: what was billed in the period
-- by policy less what was posted in it, with the documents that stand in another period than they belong to (C10,
-- opposite in the two periods), and in base currency the exchange causes (C12, D10).
with posted as (
  select * from {{ ref('bridge_posted') }}
),

policies as (
  select * from {{ ref('posting_policy') }}
),

claims as (
  select * from {{ ref('bridge_claim_posting') }} where amount_minor <> 0
),

-- lines that stand for no billed record, or in another cell, are claimed whole already
claimed_lines as (
  select distinct source_instance, legal_entity_code, right_ref from claims where left_ref is null
),

elsewhere as (
  select
    posted.source_instance,
    posted.legal_entity_code,
    posted.currency_code,
    posted.period,
    coalesce(policies.policy_period, policies.origin_period) as policy_period,
    posted.posted_minor
  from posted
  inner join policies
    on
      policies.source_instance = posted.source_instance
      and policies.key = posted.billing_document_id
      and policies.object = case posted.record_kind when 'invoice_line' then 'invoice' else 'credit_note' end
  left join claimed_lines
    on
      claimed_lines.source_instance = posted.source_instance
      and claimed_lines.legal_entity_code = posted.legal_entity_code
      and claimed_lines.right_ref = 'ar_document_line:' || posted.document_line_id
  where
    claimed_lines.right_ref is null
    and posted.period <> coalesce(policies.policy_period, policies.origin_period)
),

cash_periods as (
  select source_instance, document_id, max(period) as period
  from {{ ref('document_application') }}
  where not is_other_currency and not is_void
  group by source_instance, document_id
),

booked as (
  select
    booked.*,
    coalesce(cash_periods.period, booked.period) as settled_period
  from {{ ref('bridge_booked') }} as booked
  left join cash_periods
    on cash_periods.source_instance = booked.erp_instance and cash_periods.document_id = booked.document_id
),

lines as (
  select
    source_instance, legal_entity_code, currency_code, period, 'C' as leg, cause_code, amount_minor,
    cast(null as {{ dbt.type_string() }}) as base_currency_code, 0 as base_minor
  from claims
  union all
  select
    source_instance, legal_entity_code, currency_code, policy_period as period, 'C' as leg, 'C10' as cause_code,
    posted_minor as amount_minor, cast(null as {{ dbt.type_string() }}) as base_currency_code, 0 as base_minor
  from elsewhere
  union all
  select
    source_instance, legal_entity_code, currency_code, period, 'C' as leg, 'C10' as cause_code,
    -posted_minor as amount_minor, cast(null as {{ dbt.type_string() }}) as base_currency_code, 0 as base_minor
  from elsewhere
  union all
  select
    source_instance, legal_entity_code, currency_code, period, 'C' as leg, 'C12' as cause_code, 0 as amount_minor,
    base_currency_code, posted_policy_minor - posted_base_minor as base_minor
  from booked
  where posted_policy_minor <> posted_base_minor
  union all
  select
    source_instance, legal_entity_code, currency_code, settled_period as period, 'D' as leg, 'D10' as cause_code,
    0 as amount_minor, base_currency_code, settled_own_minor - settled_base_minor as base_minor
  from booked
  where settled_own_minor <> settled_base_minor
),

-- both sides by period: whatever no line explains is the residual
stages as (
  select
    records.billing_instance as source_instance,
    coalesce(records.legal_entity_code, 'unknown') as legal_entity_code,
    coalesce(records.currency_code, 'unknown') as currency_code,
    coalesce(policies.policy_period, policies.origin_period) as period,
    records.billed_minor as amount_minor
  from {{ ref('bridge_billed') }} as records
  left join policies
    on
      policies.source_instance = records.billing_instance
      and policies.key = records.document_id
      and policies.object = case records.record_kind when 'invoice_line' then 'invoice' else 'credit_note' end
  where records.has_erp
  union all
  select source_instance, legal_entity_code, currency_code, period, -posted_minor as amount_minor
  from posted
  union all
  select source_instance, legal_entity_code, currency_code, period, -amount_minor as amount_minor
  from lines
),

united as (
  select * from lines
  union all
  select
    source_instance, legal_entity_code, currency_code, period, 'C' as leg, 'C99' as cause_code,
    sum(amount_minor) as amount_minor, cast(null as {{ dbt.type_string() }}) as base_currency_code, 0 as base_minor
  from stages
  group by source_instance, legal_entity_code, currency_code, period
)

select
  source_instance,
  legal_entity_code,
  coalesce(period, 'unknown') as period,
  currency_code,
  leg,
  cause_code,
  cast(sum(amount_minor) as decimal(38, 0)) as amount_minor,
  max(base_currency_code) as base_currency_code,
  cast(sum(base_minor) as decimal(38, 0)) as base_minor
from united
group by source_instance, legal_entity_code, coalesce(period, 'unknown'), currency_code, leg, cause_code
