-- One row per contract version: what a billing interval of its recurring products is worth by its newest lines, and how
-- much that is more than by the version before. Null where a price is unknown.
with lines as (
  select * from {{ ref('contract_line') }} where contract_status in ('signed', 'terminated')
),

versions as (
  select * from {{ ref('contract_version') }} where status in ('signed', 'terminated') and signed_at is not null
),

skus as (
  select * from {{ ref('sku') }}
),

prices as (
  select * from {{ ref('price') }}
),

-- a line that was changed or ended stays in the version with its last day
priced as (
  select
    lines.source_instance,
    lines.contract_id,
    lines.version,
    lines.source_instance || '|' || lines.contract_line_id as rate_id,
    lines.billing_instance,
    lines.price_id,
    prices.scheme,
    prices.unit_amount,
    prices.package_size,
    lines.quantity,
    lines.included_quantity,
    lines.discount_percent,
    cast(null as bigint) as active_days,
    cast(null as bigint) as interval_days,
    {{ currency_exponent('lines.currency_code') }} as exponent
  from lines
  inner join versions
    on
      versions.source_instance = lines.source_instance
      and versions.contract_id = lines.contract_id
      and versions.version = lines.version
  left join skus on skus.source_instance = lines.billing_instance and skus.sku = lines.sku
  left join prices on prices.source_instance = lines.billing_instance and prices.price_id = lines.price_id
  where
    (lines.effective_to is null or lines.effective_to >= versions.end_date)
    and coalesce(skus.kind, 'recurring') = 'recurring'
),

rated as (
  {{ rate('priced') }}
),

worth as (
  select
    priced.source_instance,
    priced.contract_id,
    priced.version,
    case when count(*) = count(rated.rated_minor) then sum(rated.rated_minor) end as interval_minor
  from priced
  left join rated on rated.rate_id = priced.rate_id
  group by priced.source_instance, priced.contract_id, priced.version
),

valued as (
  select
    versions.source_instance,
    versions.contract_id,
    versions.version,
    versions.business_transaction_id,
    versions.currency_code,
    case when worth.version is null then 0 else worth.interval_minor end as interval_minor
  from versions
  left join worth
    on
      worth.source_instance = versions.source_instance
      and worth.contract_id = versions.contract_id
      and worth.version = versions.version
),

ordered as (
  select
    *,
    row_number() over (partition by source_instance, contract_id order by version) as position,
    lag(interval_minor) over (partition by source_instance, contract_id order by version) as before_minor
  from valued
)

select
  source_instance,
  contract_id,
  version,
  business_transaction_id,
  currency_code,
  position = 1 as is_first,
  cast(interval_minor as bigint) as interval_minor,
  cast(case when position = 1 then interval_minor else interval_minor - before_minor end as bigint) as effect_minor
from ordered
