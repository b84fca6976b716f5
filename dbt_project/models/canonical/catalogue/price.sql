-- One row per price in the price book.
with

prices as (

  {{ vendor_union('billing', 'prices', current_only=true) }}

)

select
  source_instance,
  price_id,
  sku,
  currency_code,
  scheme,
  unit_amount,
  package_size,
  effective_from,
  effective_to,
  updated_at,
  content_hash
from prices
