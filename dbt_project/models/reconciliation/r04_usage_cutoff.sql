-- One row per subscription, meter and service month: does metering hold the usage in the month in which it occurred?
-- Here only usage that came after metering had run (within or after the grace) or that stands in an adjacent month
-- counts; everything else about the quantity is R03's. What came after the period was hard closed is named with its
-- origin. Money is the effect at contract terms, allowance and minimum included.
with cells as (
  select
    *,
    in_time_quantity - own_quantity as moved_quantity,
    in_grace_quantity - in_time_quantity as late_quantity,
    valid_quantity - in_grace_quantity as too_late_quantity
  from {{ ref('usage_difference') }}
),

rejected as (
  select * from {{ ref('usage_cell_not_testable') }}
),

terms as (
  select * from {{ ref('usage_terms') }}
),

after_close as (
  select * from {{ ref('usage_after_close') }}
),

parameters as (
  select * from {{ source('config', 'parameters') }}
),

-- several meters may feed one product: an effect on one is priced on top of the others
products as (
  select billing_instance, subscription_id, sku, service_month, sum(own_quantity) as own_quantity
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
    products.own_quantity as metered_quantity,
    products.own_quantity + cells.valid_quantity - cells.own_quantity as valid_quantity,
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
  where cells.valid_quantity <> cells.own_quantity and terms.untestable_reason is null
),

requests as (
  {%- for side in ['valid', 'metered'] %}
  select
    '{{ side }}|' || cell_id as rate_id,
    billing_instance,
    price_id,
    scheme,
    unit_amount,
    package_size,
    cast(greatest({{ side }}_quantity, 0) as decimal(38, 9)) as quantity,
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
    (occurred.rated_minor + {{ minimum_top_up('differing.minimum_amount_minor', 'occurred.rated_minor') }})
    - (held.rated_minor + {{ minimum_top_up('differing.minimum_amount_minor', 'held.rated_minor') }})
      as effect_minor
  from differing
  inner join rated as occurred on occurred.rate_id = 'valid|' || differing.cell_id
  inner join rated as held on held.rate_id = 'metered|' || differing.cell_id
),

described as (
  select
    cells.*,
    case when cells.valid_quantity = cells.own_quantity then 0 else effects.effect_minor end as effect_minor,
    coalesce(cells.untestable_reason, rejected.reason) as untestable,
    parameters.as_of,
    {{ add_days(add_months('cells.service_month', 1), 'parameters.usage_grace_days') }} as due_date,
    case
      when cells.valid_quantity = cells.own_quantity then 'nothing of it is late or in another month'
      when effects.effect_minor is null
        then 'the effect in money is unknown: no terms that can be rated are in force for this product and month'
      else 'at contract terms that is ' || {{ money_words('effects.effect_minor', 'cells.currency_code') }}
    end as effect_words,
    {{ quantity_words('after_close.quantity') }} || ' came after period ' || after_close.origin_period || ' of '
    || after_close.legal_entity_code || ' had been hard closed (' || after_close.hard_closed_at
    || ' UTC) and keep it as their origin period; the next open one is '
    || coalesce(after_close.next_open_period, 'not known') || ', ' as close_words
  from cells
  cross join parameters
  left join effects
    on
      effects.product_instance = cells.product_instance
      and effects.subscription_id = cells.subscription_id
      and effects.meter_code = cells.meter_code
      and effects.service_month = cells.service_month
  left join after_close
    on
      after_close.source_instance = cells.product_instance
      and after_close.subscription_id = cells.subscription_id
      and after_close.meter_code = cells.meter_code
      and after_close.service_month = cells.service_month
  left join rejected
    on
      rejected.product_instance = cells.product_instance
      and rejected.subscription_id = cells.subscription_id
      and rejected.meter_code = cells.meter_code
      and rejected.service_month = cells.service_month
),

compared as (
  select
    coalesce(billing_instance, product_instance) as source_instance,
    subscription_id || '|' || meter_code || '|' || service_month as match_key,
    legal_entity_code,
    customer_id,
    currency_code,
    {{ month_end('service_month') }} as filed_on,
    valid_quantity as left_value,
    own_quantity as right_value,
    effect_minor as delta_minor,
    valid_quantity - own_quantity as delta_quantity,
    false as has_fault,
    case
      when moved_quantity <> 0 and due_date <= as_of then 'A07'
      when too_late_quantity <> 0 and due_date <= as_of then 'A03'
      when valid_quantity <> own_quantity then 'A02'
    end as cause_code,
    'business_rule' as failure_class,
    {{ quantity_words('valid_quantity') }} || ' of meter ' || meter_code || ' occurred for subscription '
    || subscription_id || ' in ' || {{ month_key('service_month') }} || ', metering holds '
    || {{ quantity_words('own_quantity') }} || ' of it in that month: '
    || case
      when moved_quantity > 0
        then {{ quantity_words('moved_quantity') }} || ' were counted in an adjacent month instead, '
      when moved_quantity < 0
        then {{ quantity_words('-moved_quantity') }} || ' of an adjacent month were counted here, '
      else ''
    end
    || case
      when late_quantity <> 0
        then
          {{ quantity_words('late_quantity') }} || ' arrived after metering had run (' || computed_at
          || ' UTC), within the grace, '
      else ''
    end
    || case
      when too_late_quantity <> 0
        then
          {{ quantity_words('too_late_quantity') }} || ' arrived after the cut-off of ' || due_date
          || ', '
      else ''
    end || coalesce(close_words, '') || effect_words || '.' as reason,
    'Not tested: ' || untestable as not_testable_reason,
    'usage_month:' || subscription_id || '|' || meter_code || '|' || service_month as left_ref,
    'metered_usage:' || first_record_id as right_ref,
    cast(due_date as timestamp) as due_at
  from described

  union all

  select
    product_instance as source_instance,
    subscription_id || '|' || meter_code || '|' || service_month as match_key,
    null as legal_entity_code,
    null as customer_id,
    null as currency_code,
    {{ month_end('service_month') }} as filed_on,
    null as left_value,
    null as right_value,
    null as delta_minor,
    null as delta_quantity,
    false as has_fault,
    null as cause_code,
    null as failure_class,
    null as reason,
    'Not tested: ' || reason as not_testable_reason,
    null as left_ref,
    null as right_ref,
    null as due_at
  from rejected
  where not is_known
)

{{ reconcile(
  'compared', code='R04', tolerance='T0', measure='quantity', provisional=true, by_date=true, domains=['product']
) }}
