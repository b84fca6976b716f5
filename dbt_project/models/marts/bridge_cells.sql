-- One row per cell (entity, billing customer, subscription, product, service period, currency): expected, metered,
-- billed, posted and settled, in minor units, excluding tax. Where does a minor unit that was earned stop on its way
-- to cash?
with usage as (
  select * from {{ ref('bridge_usage') }}
),

fees as (
  select * from {{ ref('bridge_fee') }}
),

billed as (
  select * from {{ ref('bridge_billed') }}
),

posted as (
  select * from {{ ref('bridge_posted') }}
),

stages as (
  select
    legal_entity_code, customer_id, subscription_id, sku, service_period_start, currency_code,
    expected_minor, metered_minor, 0 as billed_minor, 0 as posted_minor, 0 as settled_minor
  from usage

  union all

  -- fees are not metered: what is expected is metered
  select
    legal_entity_code, customer_id, subscription_id, sku, service_period_start, currency_code,
    expected_minor,
    expected_minor as metered_minor,
    0 as billed_minor,
    0 as posted_minor,
    0 as settled_minor
  from fees

  union all

  -- what cannot be rated is taken as billed: a variance against unknown terms would be invented
  select
    legal_entity_code, customer_id, subscription_id, sku, service_period_start, currency_code,
    case when cause_code = 'untestable' then billed_minor else 0 end as expected_minor,
    case when cause_code = 'untestable' then billed_minor else 0 end as metered_minor,
    billed_minor,
    -- without an ERP nothing is known after billing: the later stages are taken as billed, not as missing
    case when has_erp then 0 else billed_minor end as posted_minor,
    case when has_erp then 0 else billed_minor end as settled_minor
  from billed

  union all

  select
    legal_entity_code, customer_id, subscription_id, sku, service_period_start, currency_code,
    0 as expected_minor,
    0 as metered_minor,
    0 as billed_minor,
    posted_minor,
    settled_minor
  from posted
)

select
  coalesce(legal_entity_code, 'unknown') as legal_entity_code,
  coalesce(customer_id, 'unknown') as customer_id,
  coalesce(subscription_id, 'unallocated') as subscription_id,
  coalesce(sku, 'unallocated') as sku,
  service_period_start,
  coalesce(currency_code, 'unknown') as currency_code,
  cast(sum(expected_minor) as decimal(38, 0)) as expected_minor,
  cast(sum(metered_minor) as decimal(38, 0)) as metered_minor,
  cast(sum(billed_minor) as decimal(38, 0)) as billed_minor,
  cast(sum(posted_minor) as decimal(38, 0)) as posted_minor,
  cast(sum(settled_minor) as decimal(38, 0)) as settled_minor
from stages
group by
  coalesce(legal_entity_code, 'unknown'), coalesce(customer_id, 'unknown'), coalesce(subscription_id, 'unallocated'),
  coalesce(sku, 'unallocated'), service_period_start, coalesce(currency_code, 'unknown')
