-- One row per invoice and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__billing__invoices'), ['invoice_id'], 'upsert') }}

)

select
  source_instance,
  invoice_id,
  number,
  series,
  customer_id,
  legal_entity_code,
  currency as currency_code,
  issue_date,
  finalized_at,
  due_date,
  status,
  net_amount,
  tax_amount,
  total_amount,
  replaces_invoice_id,
  correlation_id,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
