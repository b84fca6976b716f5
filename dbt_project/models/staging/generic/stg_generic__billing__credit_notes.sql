-- One row per credit note and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__billing__credit_notes'), ['credit_note_id'], 'upsert') }}

)

select
  source_instance,
  credit_note_id,
  number,
  series,
  invoice_id,
  customer_id,
  legal_entity_code,
  currency as currency_code,
  issue_date,
  reason,
  approved_by,
  status,
  net_amount,
  tax_amount,
  total_amount,
  correlation_id,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
