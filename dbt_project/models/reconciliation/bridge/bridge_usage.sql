-- One row per usage cell and cause of its capture leg: what the valid events are worth at contract terms, what metering handed
-- over is worth, and which set of events lies between. Sets are taken out one after the other and each state is rated whole,
-- so that tiers stay exact. Cells enter once their month has ended. Without a product system the billed quantity is all that
-- is known, and is taken as used: a variance against usage that nobody measured would be invented.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

differences as (
  select * from {{ ref('usage_difference') }} where billing_instance is not null and sku is not null
),

events as (
  select * from {{ ref('usage_month') }}
),

terms as (
  select * from {{ ref('usage_terms') }}
),

subscriptions as (
  select * from {{ ref('subscription') }}
),

used as (
  select
    differences.billing_instance,
    differences.subscription_id,
    differences.sku,
    differences.service_month,
    cast(sum(differences.metered_quantity) as decimal(38, 9)) as metered_quantity,
    cast(sum(differences.metered_quantity - differences.own_surplus) as decimal(38, 9)) as own_quantity,
    cast(sum(differences.in_time_quantity) as decimal(38, 9)) as in_time_quantity,
    cast(sum(differences.valid_quantity) as decimal(38, 9)) as valid_quantity,
    min(differences.cause_code) as own_cause,
    max(events.last_ingested_at) as last_ingested_at,
    min(differences.first_record_id) as first_record_id
  from differences
  left join events
    on events.source_instance = differences.product_instance
    and events.subscription_id = differences.subscription_id
    and events.meter_code = differences.meter_code
    and events.service_month = differences.service_month
  group by differences.billing_instance, differences.subscription_id, differences.sku, differences.service_month
),

-- a minimum is owed for a month without any usage too
owed as (
  select terms.billing_instance, terms.subscription_id, terms.sku, terms.service_month
  from terms
  inner join subscriptions
    on subscriptions.source_instance = terms.billing_instance and subscriptions.subscription_id = terms.subscription_id
  where
    terms.minimum_amount_minor > 0
    and (subscriptions.end_date is null or terms.service_month < subscriptions.end_date)
),

billed as (
  select
    billing_instance,
    subscription_id,
    sku,
    service_month,
    cast(sum(case when kind = 'usage' and is_counted then quantity else 0 end) as decimal(38, 9)) as quantity
  from {{ ref('billed_line') }}
  where kind in ('usage', 'minimum')
  group by billing_instance, subscription_id, sku, service_month
),

with_product as (
  select distinct source_instance from {{ source('config', 'instance_links') }} where domain = 'product'
),

population as (
  select billing_instance, subscription_id, sku, service_month from used
  union
  select billing_instance, subscription_id, sku, service_month from owed
  union
  select billing_instance, subscription_id, sku, service_month from billed
),

cells as (
  select
    population.billing_instance || '|' || population.subscription_id || '|' || population.sku || '|' || population.service_month
      as cell_id,
    population.billing_instance,
    population.subscription_id,
    population.sku,
    population.service_month,
    subscriptions.legal_entity_code,
    subscriptions.customer_id,
    terms.currency_code,
    case when with_product.source_instance is null then coalesce(billed.quantity, 0) else coalesce(used.metered_quantity, 0) end
      as metered_quantity,
    case when with_product.source_instance is null then coalesce(billed.quantity, 0) else coalesce(used.own_quantity, 0) end
      as own_quantity,
    case when with_product.source_instance is null then coalesce(billed.quantity, 0) else coalesce(used.in_time_quantity, 0) end
      as in_time_quantity,
    case when with_product.source_instance is null then coalesce(billed.quantity, 0) else coalesce(used.valid_quantity, 0) end
      as valid_quantity,
    used.own_cause,
    used.first_record_id,
    coalesce(
      used.last_ingested_at
      > cast({{ add_days(add_months('population.service_month', 1), 'parameters.usage_grace_days') }} as timestamp),
      false
    ) as is_after_grace,
    terms.price_id,
    terms.scheme,
    terms.unit_amount,
    terms.package_size,
    terms.included_quantity,
    terms.discount_percent,
    terms.minimum_amount_minor,
    terms.exponent
  from population
  cross join parameters
  inner join terms
    on terms.billing_instance = population.billing_instance
    and terms.subscription_id = population.subscription_id
    and terms.sku = population.sku
    and terms.service_month = population.service_month
    and terms.untestable_reason is null
  left join used
    on used.billing_instance = population.billing_instance
    and used.subscription_id = population.subscription_id
    and used.sku = population.sku
    and used.service_month = population.service_month
  left join billed
    on billed.billing_instance = population.billing_instance
    and billed.subscription_id = population.subscription_id
    and billed.sku = population.sku
    and billed.service_month = population.service_month
  left join with_product on with_product.source_instance = population.billing_instance
  left join subscriptions
    on subscriptions.source_instance = population.billing_instance
    and subscriptions.subscription_id = population.subscription_id
  where cast({{ add_months('population.service_month', 1) }} as timestamp) <= parameters.as_of
),

requests as (
  {%- for state in ['metered', 'own', 'in_time', 'valid'] %}
  select
    '{{ state }}|' || cell_id as rate_id,
    billing_instance,
    price_id,
    scheme,
    unit_amount,
    package_size,
    cast(greatest({{ state }}_quantity, 0) as decimal(38, 9)) as quantity,
    included_quantity,
    discount_percent,
    cast(null as bigint) as active_days,
    cast(null as bigint) as interval_days,
    exponent
  from cells
  {{ 'union all' if not loop.last }}
  {%- endfor %}
),

rated as (
  {{ rate('requests') }}
),

valued as (
  select
    cells.*,
    {%- for state in ['metered', 'own', 'in_time', 'valid'] %}
    {{ state }}.rated_minor + {{ minimum_top_up('cells.minimum_amount_minor', state ~ '.rated_minor') }} as {{ state }}_minor,
    {%- endfor %}
  from cells
  {%- for state in ['metered', 'own', 'in_time', 'valid'] %}
  inner join rated as {{ state }} on {{ state }}.rate_id = '{{ state }}|' || cells.cell_id and {{ state }}.rated_minor is not null
  {%- endfor %}
)

select
  billing_instance,
  legal_entity_code,
  customer_id,
  subscription_id,
  sku,
  service_month as service_period_start,
  currency_code,
  valid_minor as expected_minor,
  metered_minor,
  own_minor - metered_minor as own_effect_minor,
  coalesce(own_cause, 'A99') as own_cause,
  in_time_minor - own_minor as moved_effect_minor,
  valid_minor - in_time_minor as late_effect_minor,
  case when is_after_grace then 'A03' else 'A02' end as late_cause,
  'usage_month:' || subscription_id || '|' || sku || '|' || service_month as left_ref,
  'metered_usage:' || first_record_id as right_ref
from valued
