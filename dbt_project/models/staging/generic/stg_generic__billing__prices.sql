-- One row per price and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__billing__prices'), ['price_id'], 'upsert') }}

)

select
  source_instance,
  price_id,
  sku,
  currency as currency_code,
  scheme,
  unit_amount,
  package_size,
  effective_from,
  effective_to,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
