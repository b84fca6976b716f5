-- One row per usage cell and state between what metering handed over and what the valid events are worth, at contract
-- terms: which set of events lies between? Sets are put right one after the other and each state is rated whole, so
-- that tiers stay exact. The first state is metering's own; each other one adds its effect, so that a cell's rows sum
-- to what is expected. Cells enter once their month has ended, and until they are due whatever is missing is only
-- late. Without a product system the billed quantity is all that is known, and is taken as used: a variance against
-- usage that nobody measured would be invented.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

-- usage that no meter converts is unknown: what was metered is taken as used
differences as (
  {%- set known = "usage_differences.untestable_reason is null" %}
  select
    usage_differences.*,
    case when {{ known }} then usage_differences.own_surplus else 0 end as wrong_quantity,
    case
      when {{ known }} then usage_differences.in_time_quantity - usage_differences.own_quantity else 0
    end as moved_quantity,
    case
      when {{ known }} then usage_differences.in_grace_quantity - usage_differences.in_time_quantity else 0
    end as late_quantity,
    case
      when {{ known }} then usage_differences.valid_quantity - usage_differences.in_grace_quantity else 0
    end as too_late_quantity,
    cast(
      {{ add_days(
        add_months('usage_differences.service_month', 1), 'parameters.usage_grace_days + parameters.bill_run_days'
      ) }} as timestamp
    ) <= parameters.as_of as is_due
  from {{ ref('usage_difference') }} as usage_differences
  cross join parameters
  where usage_differences.billing_instance is not null and usage_differences.sku is not null
),

terms as (
  select * from {{ ref('usage_terms') }}
),

subscriptions as (
  select * from {{ ref('subscription') }}
),

used as (
  select
    billing_instance,
    subscription_id,
    sku,
    service_month,
    cast(sum(metered_quantity) as decimal(38, 9)) as metered_quantity,
    min(first_record_id) as first_record_id
  from differences
  group by billing_instance, subscription_id, sku, service_month
),

-- one set per cell and cause, over all meters of the product. The order is frozen: from expected to metered by cause,
-- so from metered back to expected the other way round.
sets as (
  {%- for cause, quantity in [
    ('cause_code', '-wrong_quantity'), ("'A07'", 'moved_quantity'), ("'A02'", 'late_quantity'),
    ("'A03'", 'too_late_quantity'),
  ] %}
  select
    billing_instance,
    subscription_id,
    sku,
    service_month,
    case when is_due then coalesce({{ cause }}, 'A99') else 'A02' end as cause_code,
    {{ quantity }} as quantity
  from differences
  where {{ quantity }} <> 0
  {{ 'union all' if not loop.last }}
  {%- endfor %}
),

steps as (
  select
    billing_instance,
    subscription_id,
    sku,
    service_month,
    cause_code,
    cast(sum(quantity) as decimal(38, 9)) as quantity,
    row_number() over (
      partition by billing_instance, subscription_id, sku, service_month order by cause_code desc
    ) as step
  from sets
  group by billing_instance, subscription_id, sku, service_month, cause_code
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
    population.billing_instance
    || '|'
    || population.subscription_id
    || '|'
    || population.sku
    || '|'
    || population.service_month
      as cell_id,
    population.billing_instance,
    population.subscription_id,
    population.sku,
    population.service_month,
    subscriptions.legal_entity_code,
    subscriptions.customer_id,
    terms.currency_code,
    with_product.source_instance is not null as has_product,
    case
      when with_product.source_instance is null then coalesce(billed.quantity, 0)
      else coalesce(used.metered_quantity, 0)
    end as metered_quantity,
    used.first_record_id,
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
    on
      terms.billing_instance = population.billing_instance
      and terms.subscription_id = population.subscription_id
      and terms.sku = population.sku
      and terms.service_month = population.service_month
      and terms.untestable_reason is null
  left join used
    on
      used.billing_instance = population.billing_instance
      and used.subscription_id = population.subscription_id
      and used.sku = population.sku
      and used.service_month = population.service_month
  left join billed
    on
      billed.billing_instance = population.billing_instance
      and billed.subscription_id = population.subscription_id
      and billed.sku = population.sku
      and billed.service_month = population.service_month
  left join with_product on with_product.source_instance = population.billing_instance
  left join subscriptions
    on
      subscriptions.source_instance = population.billing_instance
      and subscriptions.subscription_id = population.subscription_id
  where cast({{ add_months('population.service_month', 1) }} as timestamp) <= parameters.as_of
),

states as (
  select
    cell_id,
    0 as step,
    metered_quantity as quantity,
    cast(null as {{ dbt.type_string() }}) as cause_code
  from cells

  union all

  select
    cells.cell_id,
    steps.step,
    cells.metered_quantity + sum(steps.quantity) over (
      partition by cells.cell_id order by steps.step rows between unbounded preceding and current row
    ) as quantity,
    steps.cause_code
  from cells
  inner join steps
    on
      steps.billing_instance = cells.billing_instance
      and steps.subscription_id = cells.subscription_id
      and steps.sku = cells.sku
      and steps.service_month = cells.service_month
  where cells.has_product
),

requests as (
  select
    states.step || '|' || cells.cell_id as rate_id,
    cells.billing_instance,
    cells.price_id,
    cells.scheme,
    cells.unit_amount,
    cells.package_size,
    cast(greatest(states.quantity, 0) as decimal(38, 9)) as quantity,
    cells.included_quantity,
    cells.discount_percent,
    cast(null as bigint) as active_days,
    cast(null as bigint) as interval_days,
    cells.exponent
  from states
  inner join cells on cells.cell_id = states.cell_id
),

rated as (
  {{ rate('requests') }}
),

valued as (
  select
    cells.*,
    states.step,
    states.cause_code,
    rated.rated_minor + {{ minimum_top_up('cells.minimum_amount_minor', 'rated.rated_minor') }} as value_minor,
    min(case when rated.rated_minor is null then 0 else 1 end) over (partition by cells.cell_id) as is_rated
  from states
  inner join cells on cells.cell_id = states.cell_id
  left join rated on rated.rate_id = states.step || '|' || cells.cell_id
),

effects as (
  select
    *,
    value_minor - coalesce(lag(value_minor) over (partition by cell_id order by step), 0) as effect_minor
  from valued
  where is_rated = 1
)

select
  billing_instance,
  legal_entity_code,
  customer_id,
  subscription_id,
  sku,
  service_month as service_period_start,
  currency_code,
  step,
  cause_code,
  effect_minor as expected_minor,
  case when step = 0 then value_minor else 0 end as metered_minor,
  'usage_month:' || subscription_id || '|' || sku || '|' || service_month as left_ref,
  'metered_usage:' || first_record_id as right_ref
from effects
