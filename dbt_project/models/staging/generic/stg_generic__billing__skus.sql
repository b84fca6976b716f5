-- One row per product and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__billing__skus'), ['sku'], 'upsert') }}

)

select
  source_instance,
  sku,
  name,
  kind,
  unit,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
