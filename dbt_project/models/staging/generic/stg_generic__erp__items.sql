-- One row per item and effective date and version: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__erp__items'), ['item_code', 'effective_from'], 'upsert') }}

)

select
  source_instance,
  item_code,
  effective_from,
  sku,
  revenue_account,
  effective_to,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
