-- One row per application of a receipt to a receivable document.
with

cash_applications as (

  {{ vendor_union('erp', 'cash_applications') }}

),

receipts as (

  select
    source_instance,
    receipt_id,
    erp_customer_id,
    legal_entity_code,
    currency_code
  from {{ ref('cash_receipt') }}

),

with_receipt as (

  select
    cash_applications.*,
    receipts.erp_customer_id,
    receipts.legal_entity_code,
    receipts.currency_code
  from cash_applications
  left join receipts
    on
      cash_applications.source_instance = receipts.source_instance
      and cash_applications.receipt_id = receipts.receipt_id

),

converted as (

  {{ with_minor('with_receipt', ['amount'], together=['receipt_id', 'document_id']) }}

)

select
  source_instance,
  application_id,
  receipt_id,
  document_id,
  amount_minor,
  applied_at,
  period,
  erp_customer_id,
  legal_entity_code,
  currency_code,
  content_hash
from converted
