-- One row per message from billing to the ERP: what became of it?
with

interface_log as (

  {{ vendor_union('erp', 'interface_log', current_only=true) }}

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

payments as (

  select
    source_instance,
    payment_id
  from {{ ref('payment') }}

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
  union
  select
    source_instance,
    payment_id as external_id
  from payments

),

with_billing_instance as (

  {{ resolve_instance('interface_log', 'source_id', 'billing', 'billing_keys', 'external_id') }}

)

select
  source_instance,
  message_id,
  correlation_id,
  document_kind,
  source_id,
  sent_at,
  status,
  failure_class,
  error_code,
  error_message,
  attempts,
  acknowledged_at,
  updated_at,
  billing_instance,
  content_hash
from with_billing_instance
