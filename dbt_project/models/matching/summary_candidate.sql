-- One row per live invoice that no ERP document names, and per posting that stands for no customer: a document on an
-- account that is no customer of billing, a journal of source billing without a document. Which of them posts the
-- invoices of many customers at once? Within the ERP that keeps the entity's books, so that a posting is matched once
-- whichever billing engine its invoices come from.
with invoices as (
  select * from {{ ref('posting_candidate') }} where side = 'left' and erp_instance is not null
),

documents as (
  select * from {{ ref('ar_document') }} where document_type = 'invoice'
),

crosswalk as (
  select * from {{ ref('erp_customer') }} where billing_customer_id is not null
),

journals as (
  select * from {{ ref('lone_journal') }}
),

postings as (
  select
    documents.source_instance,
    'ar_document' as object,
    documents.document_id as record_id,
    documents.legal_entity_code,
    documents.currency_code,
    documents.total_amount_minor as amount_minor,
    documents.document_date as dated,
    {{ text_list(['documents.external_id', 'documents.number', 'documents.correlation_id']) }} as refs,
    documents.net_amount_minor as net_minor,
    documents.tax_amount_minor as tax_minor
  from documents
  left join crosswalk
    on crosswalk.source_instance = documents.source_instance and crosswalk.erp_customer_id = documents.erp_customer_id
  where documents.external_object is null and documents.status <> 'reversed' and crosswalk.erp_customer_id is null
  union all
  select
    source_instance,
    'journal' as object,
    journal_id as record_id,
    legal_entity_code,
    currency_code,
    gross_minor as amount_minor,
    posting_date as dated,
    {{ text_list(['journal_id']) }} as refs,
    net_minor,
    tax_minor
  from journals
  where gross_minor > 0
)

select
  'summary' as purpose,
  side,
  erp_instance as source_instance,
  object,
  record_id,
  record_instance,
  legal_entity_code,
  cast(null as {{ dbt.type_string() }}) as customer_id,
  currency_code,
  amount_minor,
  dated,
  refs,
  net_minor,
  tax_minor,
  erp_instance
from invoices

union all

select
  'summary' as purpose,
  'right' as side,
  source_instance,
  object,
  record_id,
  source_instance as record_instance,
  legal_entity_code,
  cast(null as {{ dbt.type_string() }}) as customer_id,
  currency_code,
  amount_minor,
  dated,
  refs,
  net_minor,
  tax_minor,
  source_instance as erp_instance
from postings
