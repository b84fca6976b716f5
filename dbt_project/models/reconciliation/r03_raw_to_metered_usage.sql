-- One row per subscription, meter and service month: does metering hold exactly the valid usage events that were known
-- when it ran? Money is the effect at contract terms, allowance and minimum included.
with cells as (
  select * from {{ ref('usage_difference') }}
),

rejected as (
  select * from {{ ref('usage_not_testable') }}
),

terms as (
  select * from {{ ref('usage_terms') }}
),

parameters as (
  select * from {{ source('config', 'parameters') }}
),

-- several meters may feed one product: an effect on one is priced on top of what the others metered
products as (
  select billing_instance, subscription_id, sku, service_month, sum(metered_quantity) as metered_quantity
  from cells
  group by billing_instance, subscription_id, sku, service_month
),

differing as (
  select
    cells.product_instance
    || '|'
    || cells.subscription_id
    || '|'
    || cells.meter_code
    || '|'
    || cells.service_month as cell_id,
    cells.product_instance,
    cells.subscription_id,
    cells.meter_code,
    cells.service_month,
    products.metered_quantity,
    products.metered_quantity - cells.own_surplus as own_quantity,
    terms.price_id,
    terms.scheme,
    terms.unit_amount,
    terms.package_size,
    terms.included_quantity,
    terms.discount_percent,
    terms.minimum_amount_minor,
    terms.exponent,
    terms.billing_instance
  from cells
  inner join products
    on
      products.billing_instance = cells.billing_instance
      and products.subscription_id = cells.subscription_id
      and products.sku = cells.sku
      and products.service_month = cells.service_month
  inner join terms
    on
      terms.billing_instance = cells.billing_instance
      and terms.subscription_id = cells.subscription_id
      and terms.sku = cells.sku
      and terms.service_month = cells.service_month
  where cells.own_surplus <> 0 and terms.untestable_reason is null
),

requests as (
  {%- for side, quantity in [('left', 'own_quantity'), ('right', 'metered_quantity')] %}
  select
    '{{ side }}|' || cell_id as rate_id,
    billing_instance,
    price_id,
    scheme,
    unit_amount,
    package_size,
    cast(greatest({{ quantity }}, 0) as decimal(38, 9)) as quantity,
    included_quantity,
    discount_percent,
    cast(null as bigint) as active_days,
    cast(null as bigint) as interval_days,
    exponent
  from differing
  {{ 'union all' if not loop.last }}
  {%- endfor %}
),

rated as (
  {{ rate('requests') }}
),

effects as (
  select
    differing.product_instance,
    differing.subscription_id,
    differing.meter_code,
    differing.service_month,
    (valid.rated_minor + {{ minimum_top_up('differing.minimum_amount_minor', 'valid.rated_minor') }})
    - (actual.rated_minor + {{ minimum_top_up('differing.minimum_amount_minor', 'actual.rated_minor') }})
      as effect_minor
  from differing
  inner join rated as valid on valid.rate_id = 'left|' || differing.cell_id
  inner join rated as actual on actual.rate_id = 'right|' || differing.cell_id
),

blocked as (
  select
    cells.product_instance,
    cells.subscription_id,
    cells.meter_code,
    cells.service_month,
    min(rejected.reason) as reason
  from cells
  inner join rejected
    on
      rejected.product_instance = cells.product_instance
      and coalesce(rejected.subscription_id, cells.subscription_id) = cells.subscription_id
      and coalesce(rejected.meter_code, cells.meter_code) = cells.meter_code
      and coalesce(rejected.service_month, cells.service_month) = cells.service_month
  group by cells.product_instance, cells.subscription_id, cells.meter_code, cells.service_month
),

-- a cell whose every event was rejected has no other row
only_rejected as (
  select
    rejected.product_instance,
    rejected.subscription_id,
    rejected.meter_code,
    rejected.service_month,
    min(rejected.reason) as reason
  from rejected
  left join cells
    on
      cells.product_instance = rejected.product_instance
      and cells.subscription_id = rejected.subscription_id
      and cells.meter_code = rejected.meter_code
      and cells.service_month = rejected.service_month
  where
    cells.subscription_id is null
    and rejected.subscription_id is not null
    and rejected.meter_code is not null
    and rejected.service_month is not null
  group by rejected.product_instance, rejected.subscription_id, rejected.meter_code, rejected.service_month
),

described as (
  select
    cells.*,
    case when cells.own_surplus = 0 then 0 else effects.effect_minor end as effect_minor,
    blocked.reason as blocked_reason,
    parameters.as_of,
    {{ add_days(add_months('cells.service_month', 1), 'parameters.usage_grace_days') }} as due_date,
    {{ quantity_words('abs(cells.own_surplus)') }} as surplus_words,
    {{ counted('abs(cells.own_surplus_events)', 'event') }} as events_words,
    {{ counted('abs(cells.own_surplus_events)', 'delivery', 'deliveries') }} as deliveries_words,
    'Metering handed over ' || {{ quantity_words('cells.metered_quantity') }} || ' of meter ' || cells.meter_code
    || ' for subscription ' || cells.subscription_id || ' in ' || {{ month_key('cells.service_month') }} || ' ('
    || {{ counted('cells.metered_count', 'event') }}
    || '), the valid events known to it give '
    || {{ quantity_words('cells.own_quantity') }}
    || ' (' || {{ counted('cells.own_count', 'event') }} || '): ' as facts,
    case
      when cells.own_surplus = 0 then ' No effect in money.'
      when effects.effect_minor is null
        then ' The effect in money is unknown: no terms that can be rated are in force for this product and month.'
      else ' At contract terms that is ' || {{ money_words('effects.effect_minor', 'cells.currency_code') }} || '.'
    end as effect_words
  from cells
  cross join parameters
  left join effects
    on
      effects.product_instance = cells.product_instance
      and effects.subscription_id = cells.subscription_id
      and effects.meter_code = cells.meter_code
      and effects.service_month = cells.service_month
  left join blocked
    on
      blocked.product_instance = cells.product_instance
      and blocked.subscription_id = cells.subscription_id
      and blocked.meter_code = cells.meter_code
      and blocked.service_month = cells.service_month
),

compared as (
  select
    coalesce(billing_instance, product_instance) as source_instance,
    subscription_id || '|' || meter_code || '|' || service_month as match_key,
    legal_entity_code,
    customer_id,
    currency_code,
    {{ month_end('service_month') }} as filed_on,
    own_quantity as left_value,
    metered_quantity as right_value,
    effect_minor as delta_minor,
    -own_surplus as delta_quantity,
    own_surplus_events <> 0 as has_fault,
    -- before it is due a month is only unfinished
    case when due_date <= as_of then cause_code end as cause_code,
    'business_rule' as failure_class,
    facts || case case when due_date <= as_of then cause_code else 'not due' end
      when 'A01' then surplus_words || ' units in ' || events_words || ' that arrived in time are missing.'
      when 'A04' then 'counted again: ' || deliveries_words || ' of events it already had.'
      when 'A05'
        then case
          when test_count > 0 and own_surplus_events = test_count
            then 'the surplus is exactly the ' || events_words || ' of test tenants, which are never billed.'
          else 'no valid event stands behind ' || surplus_words || ' units.'
        end
      when 'A06'
        then
          'an equal and opposite set of ' || events_words || ' stands in subscription ' || sibling_id
          || case when is_same_family then ' of the same customer or hierarchy.' else ' of another customer.' end
      when 'A08'
        then
          'every event was counted, and the quantity still differs by ' || surplus_words
          || ' units: unit or aggregation is wrong.'
      when 'not due' then 'the month is not yet complete.'
      else 'no evidence explains the ' || surplus_words || ' units.'
    end || effect_words as reason,
    coalesce(untestable_reason, blocked_reason) as untestable,
    case
      when coalesce(untestable_reason, blocked_reason) is not null
        then 'Not tested: ' || coalesce(untestable_reason, blocked_reason)
    end as not_testable_reason,
    'usage_month:' || subscription_id || '|' || meter_code || '|' || service_month as left_ref,
    'metered_usage:' || first_record_id as right_ref,
    cast(due_date as timestamp) as due_at
  from described

  union all

  select
    only_rejected.product_instance as source_instance,
    only_rejected.subscription_id || '|' || only_rejected.meter_code || '|' || only_rejected.service_month as match_key,
    null as legal_entity_code,
    null as customer_id,
    null as currency_code,
    {{ month_end('only_rejected.service_month') }} as filed_on,
    null as left_value,
    null as right_value,
    null as delta_minor,
    null as delta_quantity,
    false as has_fault,
    null as cause_code,
    null as failure_class,
    null as reason,
    only_rejected.reason as untestable,
    'Not tested: ' || only_rejected.reason as not_testable_reason,
    null as left_ref,
    null as right_ref,
    null as due_at
  from only_rejected
)

{{ reconcile(
  'compared', code='R03', tolerance='T0', measure='quantity', provisional=true, by_date=true, domains=['product']
) }}
