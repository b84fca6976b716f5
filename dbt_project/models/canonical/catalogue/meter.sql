-- One row per meter and effective date: how do events become billed units?
with

meters as (

  {{ vendor_union('product', 'meters', current_only=true) }}

),

skus as (

  select
    source_instance,
    sku
  from {{ ref('sku') }}

),

with_billing_instance as (

  {{ resolve_instance('meters', 'sku', 'billing', 'skus', 'sku') }}

)

select
  source_instance,
  meter_code,
  effective_from,
  sku,
  aggregation,
  unit,
  unit_multiplier,
  effective_to,
  updated_at,
  billing_instance,
  content_hash
from with_billing_instance
