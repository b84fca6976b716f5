-- One row per meter and effective date and version: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__product__meters'), ['meter_code', 'effective_from'], 'upsert') }}

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
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
