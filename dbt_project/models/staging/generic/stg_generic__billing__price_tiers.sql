-- One row per price and tier and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__billing__price_tiers'), ['price_id', 'tier_number'], 'upsert') }}

)

select
  source_instance,
  price_id,
  tier_number,
  up_to,
  unit_amount,
  flat_amount,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
