-- One row per gl account and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__erp__gl_accounts'), ['account_number'], 'upsert') }}

)

select
  source_instance,
  account_number,
  name,
  type,
  control,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
