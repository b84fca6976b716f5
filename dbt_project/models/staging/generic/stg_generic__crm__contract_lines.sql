-- One row per contract line and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__crm__contract_lines'), ['contract_line_id'], 'upsert') }}

)

select
  source_instance,
  contract_line_id,
  contract_id,
  version,
  sku,
  price_id,
  billing_interval,
  quantity,
  discount_percent,
  discount_until,
  included_quantity,
  minimum_amount,
  effective_from,
  effective_to,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
