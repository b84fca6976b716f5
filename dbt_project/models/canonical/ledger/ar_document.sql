-- One row per receivable document in the ERP.
with

ar_documents as (

  {{ vendor_union('erp', 'ar_documents', current_only=true) }}

),

invoices as (

  select
    source_instance,
    invoice_id
  from {{ ref('invoice') }}

),

credit_notes as (

  select
    source_instance,
    credit_note_id
  from {{ ref('credit_note') }}

),

billing_keys as (

  select
    source_instance,
    invoice_id as external_id
  from invoices
  union
  select
    source_instance,
    credit_note_id as external_id
  from credit_notes

),

converted as (

  {{ with_minor('ar_documents', ['net_amount', 'tax_amount', 'total_amount', 'open_amount']) }}

),

with_billing_instance as (

  {{ resolve_instance('converted', 'external_id', 'billing', 'billing_keys', 'external_id') }}

),

with_external_object as (

  select
    with_billing_instance.*,
    case
      when with_billing_instance.document_type = 'credit_memo' and credit_notes.credit_note_id is not null
        then 'credit_note'
      when invoices.invoice_id is not null then 'invoice'
      when credit_notes.credit_note_id is not null then 'credit_note'
    end as external_object
  from with_billing_instance
  left join invoices
    on
      with_billing_instance.billing_instance = invoices.source_instance
      and with_billing_instance.external_id = invoices.invoice_id
  left join credit_notes
    on
      with_billing_instance.billing_instance = credit_notes.source_instance
      and with_billing_instance.external_id = credit_notes.credit_note_id

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
  cast(case when document_type = 'credit_memo' then -1 else 1 end as bigint) as sign,
  external_object,
  billing_instance,
  content_hash
from with_external_object
