-- One row per cash application, with the document that it names: are both in one currency? An application stands in the
-- currency of its receipt; on a document of another one it settles an amount that nobody states.
{{ config(materialized='view') }}
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
  coalesce(documents.currency_code <> applications.currency_code, false) as is_other_currency
from {{ ref('cash_application') }} as applications
left join {{ ref('ar_document') }} as documents
  on documents.source_instance = applications.source_instance and documents.document_id = applications.document_id
