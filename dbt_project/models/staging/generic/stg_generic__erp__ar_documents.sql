-- One row per receivable document and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__erp__ar_documents'), ['document_id'], 'upsert') }}

)

select
  source_instance,
  document_id,
  document_type,
  external_id,
  number,
  erp_customer_id,
  legal_entity_code,
  currency as currency_code,
  document_date,
  posting_date,
  period,
  net_amount,
  tax_amount,
  total_amount,
  open_amount,
  status,
  fx_rate,
  original_document_id,
  correlation_id,
  created_at,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
