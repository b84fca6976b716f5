-- One row per product of the catalogue: has it, by date, exactly one meter (usage), one ERP item and a price, and which
-- side is wrong by the authority policy?
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

findings as (
  select * from {{ ref('catalogue_mapping') }}
),

policy_dates as (
  select distinct
    source_instance,
    sku,
    field,
    cast(null as {{ dbt.type_string() }}) as legal_entity_code,
    compared_on
  from findings
),

policies as (
  select distinct source_instance, sku, field, owner_system, owner_name, model, via_system, severity, is_finance
  from ({{ authority_of('policy_dates', ['source_instance', 'sku'], ['catalogue', 'price']) }}) as rules
),

judged as (
  select
    findings.*,
    policies.owner_system,
    case
      when policies.is_finance and findings.finding = 'twice mapped' and findings.holder <> policies.owner_system
        then 'S1'
      else policies.severity
    end as severity,
    case
      when findings.finding is null then null
      when findings.holder <> policies.owner_system
        then
          {{ system_words('policies.owner_name') }} || ' owns the mapping (' || policies.model
          || coalesce(', via ' || policies.via_system, '') || '), so '
          || {{ system_words('findings.holder') }} || ' is wrong'
          || case when findings.finding = 'unmapped' then ' (missing)' else ' (rogue write)' end
      when findings.counterpart <> policies.owner_system
        then
          {{ system_words('policies.owner_name') }} || ' owns the mapping (' || policies.model
          || coalesce(', via ' || policies.via_system, '') || '), so ' || {{ system_words('findings.counterpart') }}
          || ' is wrong' || case when findings.finding = 'unmapped' then ' (orphan)' else ' (missing)' end
      else
        {{ system_words('policies.owner_name') }} || ' owns the mapping (' || policies.model
        || ') and lacks it itself'
    end as side_words
  from findings
  left join policies
    on
      policies.source_instance = findings.source_instance
      and policies.sku = findings.sku
      and policies.field = findings.field
),

rejected as (
  select * from {{ ref('catalogue_not_testable') }}
),

dated as (
  select
    judged.*,
    judged.due_at <= parameters.as_of as is_due
  from judged
  cross join parameters
),

skus as (
  select
    source_instance,
    sku,
    case
      when count(case when finding = 'twice mapped' and is_due then 1 end) > 0 then 'twice mapped'
      when count(case when finding = 'unmapped' and is_due then 1 end) > 0 then 'unmapped'
      when count(case when finding = 'twice mapped' then 1 end) > 0 then 'twice mapped'
      when count(case when finding = 'unmapped' then 1 end) > 0 then 'unmapped'
    end as finding,
    {{ joined_text("words || '; ' || side_words", '. ') }} as reason,
    {{ joined_text('records', ', ') }} as records,
    min(case when finding is not null then due_at end) as due_at,
    -- of several findings the gravest, and of those that are due before any that is not
    coalesce(
      min(case when finding is not null and is_due then severity end),
      min(case when finding is not null then severity end)
    ) as severity
  from dated
  group by source_instance, sku
),

compared as (
  select
    skus.source_instance,
    skus.sku as match_key,
    cast(null as {{ dbt.type_string() }}) as legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    cast(null as {{ dbt.type_string() }}) as period,
    cast(null as bigint) as left_value,
    cast(null as bigint) as right_value,
    cast(null as bigint) as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    skus.finding is not null as has_fault,
    skus.finding as cause_code,
    'business_rule' as failure_class,
    'Product ' || skus.sku || ': ' || skus.reason as reason,
    'Not tested: ' || coalesce(own_key.reason, any_key.reason) as not_testable_reason,
    'sku:' || skus.sku as left_ref,
    skus.records as right_ref,
    skus.due_at,
    skus.severity
  from skus
  left join rejected as own_key on own_key.source_instance = skus.source_instance and own_key.sku = skus.sku
  left join rejected as any_key on any_key.source_instance = skus.source_instance and any_key.sku is null
)

{{ reconcile('compared', code='R37', tolerance='T0', domains=['billing'], severity=true) }}
