-- One row per cash receipt and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__erp__cash_receipts'), ['receipt_id'], 'upsert') }}

)

select
  source_instance,
  receipt_id,
  external_id,
  erp_customer_id,
  legal_entity_code,
  currency as currency_code,
  amount,
  received_date,
  fx_rate,
  status,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
