-- One row per version of a price: what was known when? Amounts that cannot be converted are null.
with

prices as (

  {{ vendor_union('billing', 'prices') }}

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
  valid_from,
  valid_to,
  is_current,
  content_hash
from prices
