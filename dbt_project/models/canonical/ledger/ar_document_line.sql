-- One row per line of a receivable document; the sign is that of its document.
with

ar_document_lines as (

  {{ vendor_union('erp', 'ar_document_lines') }}

),

documents as (

  select
    source_instance,
    document_id,
    document_type,
    status,
    sign,
    external_id,
    external_object,
    erp_customer_id,
    posting_date,
    period,
    currency_code,
    legal_entity_code,
    billing_instance
  from {{ ref('ar_document') }}

),

with_document as (

  select
    ar_document_lines.*,
    documents.document_type,
    documents.status as document_status,
    documents.sign,
    documents.external_id,
    documents.external_object,
    documents.erp_customer_id,
    documents.posting_date,
    documents.period,
    documents.currency_code,
    documents.legal_entity_code,
    documents.billing_instance
  from ar_document_lines
  left join documents
    on
      ar_document_lines.source_instance = documents.source_instance
      and ar_document_lines.document_id = documents.document_id

),

converted as (

  {{ with_minor('with_document', ['amount', 'tax_amount'], together=['document_id']) }}

)

select
  source_instance,
  document_line_id,
  document_id,
  source_line_id,
  item_code,
  account_number,
  amount_minor,
  tax_code,
  tax_amount_minor,
  dimensions,
  document_type,
  document_status,
  sign,
  external_id,
  external_object,
  erp_customer_id,
  posting_date,
  period,
  currency_code,
  legal_entity_code,
  billing_instance,
  content_hash
from converted
