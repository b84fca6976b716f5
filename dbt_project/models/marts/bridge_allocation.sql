-- One row per cell, leg and claimed record with its cause, and one residual (x99) per cell and leg, zero or not: which
-- cause explains which minor unit? Only x99 may hold what nothing explains.
with cells as (
  select * from {{ ref('bridge_cells') }}
),

claims as (
  select * from {{ ref('bridge_claim') }}
),

legs as (
  {%- for leg, from_stage, to_stage in [
    ('A', 'expected_minor', 'metered_minor'),
    ('B', 'metered_minor', 'billed_minor'),
    ('C', 'billed_minor', 'posted_minor'),
    ('D', 'posted_minor', 'settled_minor'),
  ] %}
  select
    legal_entity_code,
    customer_id,
    subscription_id,
    sku,
    service_period_start,
    currency_code,
    '{{ leg }}' as leg,
    {{ from_stage }} - {{ to_stage }} as leg_minor
  from cells
  {{ 'union all' if not loop.last }}
  {%- endfor %}
),

claimed as (
  select
    legal_entity_code,
    customer_id,
    subscription_id,
    sku,
    service_period_start,
    currency_code,
    leg,
    sum(amount_minor) as claimed_minor
  from claims
  group by legal_entity_code, customer_id, subscription_id, sku, service_period_start, currency_code, leg
),

residuals as (
  select
    legs.legal_entity_code,
    legs.customer_id,
    legs.subscription_id,
    legs.sku,
    legs.service_period_start,
    legs.currency_code,
    legs.leg,
    legs.leg || '99' as cause_code,
    cast(legs.leg_minor - coalesce(claimed.claimed_minor, 0) as decimal(38, 0)) as amount_minor,
    cast(null as {{ dbt.type_string() }}) as left_ref,
    cast(null as {{ dbt.type_string() }}) as right_ref
  from legs
  left join claimed
    on
      claimed.legal_entity_code = legs.legal_entity_code
      and claimed.customer_id = legs.customer_id
      and claimed.subscription_id = legs.subscription_id
      and claimed.sku = legs.sku
      and claimed.service_period_start = legs.service_period_start
      and claimed.currency_code = legs.currency_code
      and claimed.leg = legs.leg
),

allocated as (
  select
    legal_entity_code,
    customer_id,
    subscription_id,
    sku,
    service_period_start,
    currency_code,
    leg,
    cause_code,
    amount_minor,
    left_ref, right_ref
  from claims
  union all
  select
    legal_entity_code,
    customer_id,
    subscription_id,
    sku,
    service_period_start,
    currency_code,
    leg,
    cause_code,
    amount_minor,
    left_ref, right_ref
  from residuals
)

select
  legal_entity_code,
  customer_id,
  subscription_id,
  sku,
  service_period_start,
  currency_code,
  leg,
  cause_code,
  amount_minor,
  left_ref,
  right_ref,
  '1' as order_version
from allocated
