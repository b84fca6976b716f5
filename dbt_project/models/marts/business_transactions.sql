-- One row per step of a business transaction: has an amendment, an invoice or a payment reached every system in time?
-- States: done, late (there, but after its time), waiting (not due), failed (rejected or dead-lettered), missing
-- (overdue).
{% set step = [
  'workflow', 'business_transaction_id', 'source_instance', 'step', 'system', 'document', 'occurred_at', 'due_at', 'failure',
  'is_there', 'effect_minor', 'currency_code', 'legal_entity_code', 'customer_id', 'owner_role',
] %}
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

invoices as (
  select * from {{ ref('invoice') }} where is_live
),

documents as (
  select billing_instance, external_id, min(document_id) as document_id, min(created_at) as created_at
  from {{ ref('ar_document') }}
  where external_object = 'invoice' and document_type = 'invoice' and status <> 'reversed'
  group by billing_instance, external_id
),

invoice_final as (
  select
    'invoice_to_posting' as workflow, invoice_id as business_transaction_id, source_instance, 'final' as step,
    'billing' as system, 'invoice:' || invoice_id as document, finalized_at as occurred_at,
    finalized_at as due_at, cast(null as {{ dbt.type_string() }}) as failure, true as is_there,
    total_amount_minor as effect_minor, currency_code, legal_entity_code, customer_id, 'BillingOps' as owner_role
  from invoices
),

invoice_posted as (
  select
    'invoice_to_posting' as workflow, invoices.invoice_id as business_transaction_id, invoices.source_instance,
    'posted' as step, 'erp' as system, 'ar_document:' || documents.document_id as document,
    documents.created_at as occurred_at, policy.due_at,
    case when messages.status in ('rejected', 'dead_lettered') then messages.words end as failure,
    documents.document_id is not null as is_there,
    invoices.total_amount_minor as effect_minor, invoices.currency_code, invoices.legal_entity_code,
    invoices.customer_id, 'AR' as owner_role
  from invoices
  left join documents
    on documents.billing_instance = invoices.source_instance and documents.external_id = invoices.invoice_id
  left join {{ ref('posting_policy') }} as policy
    on
      policy.source_instance = invoices.source_instance
      and policy.key = invoices.invoice_id
      and policy.object = 'invoice'
  left join {{ ref('message_outcome') }} as messages
    on
      messages.source_instance = invoices.source_instance
      and messages.key = invoices.invoice_id
      and messages.document_kind = 'invoice'
),

payments as (
  select
    payments.*,
    {{ add_business_days('payments.received_at', 'parameters.cash_business_days') }} as due_at
  from {{ ref('payment') }} as payments
  cross join parameters
  where payments.status = 'succeeded'
),

receipts as (
  select billing_instance, external_id, min(receipt_id) as receipt_id, min(received_date) as received_date
  from {{ ref('cash_receipt') }}
  where external_object = 'payment'
  group by billing_instance, external_id
),

applications as (
  select
    receipts.billing_instance, receipts.external_id,
    min(applications.application_id) as application_id,
    max(applications.applied_at) as applied_at
  from {{ ref('cash_receipt') }} as receipts
  inner join {{ ref('cash_application') }} as applications
    on applications.source_instance = receipts.source_instance and applications.receipt_id = receipts.receipt_id
  where receipts.external_object = 'payment'
  group by receipts.billing_instance, receipts.external_id
),

payment_made as (
  select
    'payment_to_application' as workflow, payment_id as business_transaction_id, source_instance, 'paid' as step,
    'billing' as system, 'payment:' || payment_id as document, received_at as occurred_at,
    received_at as due_at, cast(null as {{ dbt.type_string() }}) as failure, true as is_there,
    amount_minor as effect_minor, currency_code, legal_entity_code, customer_id, 'AR' as owner_role
  from payments
),

payment_received as (
  select
    'payment_to_application' as workflow, payments.payment_id as business_transaction_id, payments.source_instance,
    'received' as step, 'erp' as system, 'cash_receipt:' || receipts.receipt_id as document,
    cast(receipts.received_date as timestamp) as occurred_at, payments.due_at,
    cast(null as {{ dbt.type_string() }}) as failure, receipts.receipt_id is not null as is_there,
    payments.amount_minor as effect_minor, payments.currency_code, payments.legal_entity_code, payments.customer_id,
    'AR' as owner_role
  from payments
  left join receipts
    on receipts.billing_instance = payments.source_instance and receipts.external_id = payments.payment_id
),

payment_applied as (
  select
    'payment_to_application' as workflow, payments.payment_id as business_transaction_id, payments.source_instance,
    'applied' as step, 'erp' as system, 'cash_application:' || applications.application_id as document,
    applications.applied_at as occurred_at, payments.due_at, cast(null as {{ dbt.type_string() }}) as failure,
    applications.application_id is not null as is_there,
    payments.amount_minor as effect_minor, payments.currency_code, payments.legal_entity_code, payments.customer_id,
    'AR' as owner_role
  from payments
  left join applications
    on applications.billing_instance = payments.source_instance and applications.external_id = payments.payment_id
),

amendments as (
  select
    business_transaction_id,
    source_instance,
    contract_id,
    min(version) as version,
    min(signed_at) as signed_at,
    min(legal_entity_code) as legal_entity_code
  from {{ ref('contract_version') }}
  where status <> 'draft' and signed_at is not null
  group by business_transaction_id, source_instance, contract_id
),

amendment_signed as (
  select
    'amendment' as workflow, business_transaction_id, source_instance, 'signed' as step, 'crm' as system,
    'contract:' || contract_id as document, signed_at as occurred_at, signed_at as due_at,
    cast(null as {{ dbt.type_string() }}) as failure, true as is_there, cast(null as bigint) as effect_minor,
    cast(null as {{ dbt.type_string() }}) as currency_code, legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id, 'RevOps' as owner_role
  from amendments
),

steps as (
  {% for part in [
    'invoice_final', 'invoice_posted', 'payment_made', 'payment_received', 'payment_applied', 'amendment_signed',
  ] %}
  select {{ step | join(', ') }} from {{ part }}
  {% if not loop.last %}union all{% endif %}
  {% endfor %}
)

select
  steps.workflow,
  steps.business_transaction_id,
  steps.source_instance,
  steps.step,
  steps.system,
  steps.document,
  steps.occurred_at,
  steps.due_at,
  case
    when steps.is_there and steps.occurred_at > steps.due_at and steps.step = 'posted' then 'late'
    when steps.is_there then 'done'
    when steps.due_at > parameters.as_of then 'waiting'
    when steps.failure is not null then 'failed'
    else 'missing'
  end as state,
  case when not steps.is_there then steps.failure end as failure,
  steps.effect_minor,
  steps.currency_code,
  steps.legal_entity_code,
  steps.customer_id,
  steps.owner_role
from steps
cross join parameters
