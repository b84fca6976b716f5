-- One row per dispute and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__billing__disputes'), ['dispute_id'], 'upsert') }}

)

select
  source_instance,
  dispute_id,
  payment_id,
  currency as currency_code,
  amount,
  status,
  payout_id,
  created_at,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
