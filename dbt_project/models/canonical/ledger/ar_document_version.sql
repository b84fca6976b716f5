-- One row per version of a ar document: what was known when? Amounts that cannot be converted are null.
with

ar_documents as (

  {{ vendor_union('erp', 'ar_documents') }}

),

converted as (

  {{ with_minor('ar_documents', ['net_amount', 'tax_amount', 'total_amount', 'open_amount'], keep_all=true) }}

)

select
  source_instance,
  document_id,
  document_type,
  external_id,
  number,
  erp_customer_id,
  legal_entity_code,
  currency_code,
  document_date,
  posting_date,
  period,
  net_amount_minor,
  tax_amount_minor,
  total_amount_minor,
  open_amount_minor,
  status,
  fx_rate,
  original_document_id,
  correlation_id,
  created_at,
  updated_at,
  valid_from,
  valid_to,
  is_current,
  content_hash
from converted
