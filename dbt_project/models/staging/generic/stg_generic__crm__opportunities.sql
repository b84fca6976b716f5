-- One row per opportunitie and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__crm__opportunities'), ['opportunity_id'], 'upsert') }}

)

select
  source_instance,
  opportunity_id,
  account_id,
  stage,
  close_date,
  currency as currency_code,
  amount,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
