-- One row per payment and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__billing__payments'), ['payment_id'], 'upsert') }}

)

select
  source_instance,
  payment_id,
  customer_id,
  invoice_id,
  currency as currency_code,
  amount,
  fee_amount,
  status,
  received_at,
  payout_id,
  reference,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
