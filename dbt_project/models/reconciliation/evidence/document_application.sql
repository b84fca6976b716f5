-- One row per cash application, with the document that it names: are both in one currency, is there money behind it? An
-- application stands in the currency of its receipt; on a document of another one it settles an amount that nobody
-- states. Of a receipt that the ERP took back no money is left, unless the ERP took back the application as well: then
-- both stand in the periods in which they were booked and come to nothing.
{{ config(materialized='view') }}
with applied as (
  select
    applications.*,
    {{ is_void_receipt('receipts.status') }} as is_of_void_receipt,
    {{ utc_date('receipts.updated_at') }} as receipt_changed_on,
    {{ whole_sum('applications.amount_minor', over='on_document') }} as on_document_minor
  from {{ ref('cash_application') }} as applications
  left join {{ ref('cash_receipt') }} as receipts
    on receipts.source_instance = applications.source_instance and receipts.receipt_id = applications.receipt_id
  window on_document as (
    partition by applications.source_instance, applications.receipt_id, applications.document_id
  )
)

select
  applications.source_instance,
  applications.application_id,
  applications.receipt_id,
  applications.document_id,
  applications.currency_code,
  applications.amount_minor,
  applications.applied_at,
  applications.period,
  applications.legal_entity_code as receipt_entity_code,
  documents.legal_entity_code,
  documents.currency_code as document_currency_code,
  documents.total_amount_minor as document_minor,
  coalesce(documents.currency_code <> applications.currency_code, false) as is_other_currency,
  applications.is_of_void_receipt and applications.on_document_minor <> 0 as is_void,
  applications.receipt_changed_on
from applied as applications
left join {{ ref('ar_document') }} as documents
  on documents.source_instance = applications.source_instance and documents.document_id = applications.document_id
