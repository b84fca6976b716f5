-- One row per signed contract version, its product and date: what does the business transaction open that the version
-- before did not have? A version without such a row only ends something.
with versions as (
  select * from {{ ref('contract_version') }} where status in ('signed', 'terminated') and signed_at is not null
),

lines as (
  select * from {{ ref('contract_line') }}
),

preceded as (
  select
    *,
    lag(version) over (partition by source_instance, contract_id order by version) as version_before
  from versions
),

of_versions as (
  select
    lines.*,
    preceded.business_transaction_id as transaction_id,
    preceded.version_before
  from lines
  inner join preceded
    on
      preceded.source_instance = lines.source_instance
      and preceded.contract_id = lines.contract_id
      and preceded.version = lines.version
),

opened as (
  select
    of_versions.*,
    earlier.contract_line_id is null as is_new
  from of_versions
  left join lines as earlier
    on
      earlier.source_instance = of_versions.source_instance
      and earlier.contract_id = of_versions.contract_id
      and earlier.version = of_versions.version_before
      and earlier.sku = of_versions.sku
      and earlier.effective_from = of_versions.effective_from
      and coalesce(earlier.quantity, -1) = coalesce(of_versions.quantity, -1)
      and earlier.price_id = of_versions.price_id
      and earlier.discount_percent = of_versions.discount_percent
      and earlier.included_quantity = of_versions.included_quantity
      and earlier.minimum_amount_minor = of_versions.minimum_amount_minor
)

select
  source_instance,
  contract_id,
  version,
  transaction_id as business_transaction_id,
  sku,
  min(effective_from) as effective_from,
  {{ joined_text('contract_line_id', ', ') }} as contract_lines
from opened
where is_new
group by source_instance, contract_id, version, transaction_id, sku
