-- One row per ERP document that stands for a billing document and was not reversed: whose is it, by the customer
-- crosswalk? Reversed documents have no balance; whether the reversal was right is R16's question.
with documents as (
  select * from {{ ref('ar_document') }}
),

crosswalk as (
  select * from {{ ref('erp_customer') }}
),

-- a customer whose record was rejected may be anybody's
rejected_customers as (
  select distinct source_instance, key_text as erp_customer_id
  from {{ ref('untestable_record') }}
  where domain = 'erp' and object = 'customers' and key_text is not null
)

select
  documents.source_instance as erp_instance,
  documents.billing_instance as source_instance,
  documents.external_object,
  documents.external_id as key,
  documents.document_id,
  documents.document_type,
  documents.number,
  documents.erp_customer_id,
  crosswalk.billing_customer_id,
  documents.legal_entity_code,
  documents.currency_code,
  documents.posting_date,
  documents.period,
  documents.sign * documents.net_amount_minor as net_minor,
  documents.sign * documents.tax_amount_minor as tax_minor,
  documents.sign * documents.total_amount_minor as gross_minor,
  documents.original_document_id,
  documents.created_at,
  coalesce(crosswalk.billing_instance, documents.billing_instance)
  = documents.billing_instance as is_same_billing_instance,
  rejected_customers.erp_customer_id is not null and crosswalk.erp_customer_id is null as is_customer_rejected
from documents
left join crosswalk
  on
    crosswalk.source_instance = documents.source_instance
    and crosswalk.erp_customer_id = documents.erp_customer_id
left join rejected_customers
  on
    rejected_customers.source_instance = documents.source_instance
    and rejected_customers.erp_customer_id = documents.erp_customer_id
where
  documents.status <> 'reversed'
  and documents.billing_instance is not null
  and documents.external_object is not null
