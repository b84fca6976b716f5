-- One row per product as sold.
with

skus as (

  {{ vendor_union('billing', 'skus', current_only=true) }}

)

select
  source_instance,
  sku,
  name,
  kind,
  unit,
  updated_at,
  content_hash
from skus
