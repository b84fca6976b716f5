-- One row per invoice line, as the generic vendor states it: what did the source say?
with

counted as (

  {{ current_rows(source('landed', 'generic__billing__invoice_lines'), ['line_id'], 'append') }}

)

select
  source_instance,
  line_id,
  invoice_id,
  subscription_id,
  item_id,
  sku,
  kind,
  quantity,
  unit_amount,
  discount_amount,
  amount,
  tax_code,
  tax_rate,
  tax_amount,
  service_start,
  service_end,
  is_proration,
  content_hash
from counted
