-- One row per live invoice that no ERP document names, and per ERP invoice document that names no invoice and stands on
-- a known customer's account: was it posted in a summary, one document for the invoices of a customer's day or month?
with invoices as (
  select * from {{ ref('invoice') }} where is_live
),

documents as (
  select * from {{ ref('ar_document') }} where document_type = 'invoice'
),

crosswalk as (
  select * from {{ ref('erp_customer') }} where billing_customer_id is not null and billing_instance is not null
),

posted as (
  select distinct billing_instance as source_instance, external_id as invoice_id
  from {{ ref('ar_document') }}
  where external_id is not null and billing_instance is not null
),

unposted as (
  select invoices.*
  from invoices
  left join posted
    on posted.source_instance = invoices.source_instance and posted.invoice_id = invoices.invoice_id
  where posted.invoice_id is null
)

select
  'posting' as purpose,
  'left' as side,
  source_instance,
  'invoice' as object,
  invoice_id as record_id,
  source_instance as record_instance,
  legal_entity_code,
  customer_id,
  currency_code,
  total_amount_minor as amount_minor,
  issue_date as dated,
  {{ text_list(['invoice_id', 'number', 'correlation_id']) }} as refs,
  net_amount_minor as net_minor,
  tax_amount_minor as tax_minor,
  erp_instance
from unposted

union all

select
  'posting' as purpose,
  'right' as side,
  crosswalk.billing_instance as source_instance,
  'ar_document' as object,
  documents.document_id as record_id,
  documents.source_instance as record_instance,
  documents.legal_entity_code,
  crosswalk.billing_customer_id as customer_id,
  documents.currency_code,
  documents.total_amount_minor as amount_minor,
  documents.document_date as dated,
  {{ text_list(['documents.external_id', 'documents.number', 'documents.correlation_id']) }} as refs,
  documents.net_amount_minor as net_minor,
  documents.tax_amount_minor as tax_minor,
  documents.source_instance as erp_instance
from documents
inner join crosswalk
  on crosswalk.source_instance = documents.source_instance and crosswalk.erp_customer_id = documents.erp_customer_id
where documents.external_object is null and documents.status <> 'reversed'
