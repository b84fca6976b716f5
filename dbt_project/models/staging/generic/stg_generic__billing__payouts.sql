-- One row per payout and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__billing__payouts'), ['payout_id'], 'upsert') }}

)

select
  source_instance,
  payout_id,
  currency as currency_code,
  amount,
  arrival_date,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
