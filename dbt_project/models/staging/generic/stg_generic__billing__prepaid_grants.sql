-- One row per prepaid grant and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__billing__prepaid_grants'), ['grant_id'], 'upsert') }}

)

select
  source_instance,
  grant_id,
  subscription_id,
  sku,
  quantity,
  currency as currency_code,
  amount,
  granted_at,
  expires_at,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
