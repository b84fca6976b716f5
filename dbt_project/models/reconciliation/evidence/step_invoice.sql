-- One row per step of invoice to posting: final in billing, posted in the ERP.
{{ config(materialized='view') }}
with invoices as (
  select *, {{ month_key('issue_date') }} as period from {{ ref('invoice') }} where is_live
),

documents as (
  select
    billing_instance, external_id, 'ar_document:' || min(document_id) as document, min(created_at) as created_at
  from {{ ref('ar_document') }}
  where external_object = 'invoice' and document_type = 'invoice' and status <> 'reversed'
  group by billing_instance, external_id
  union all
  select
    source_instance as billing_instance, invoice_id as external_id,
    coalesce('ar_document:' || document_id, 'journal:' || journal_id) as document, posted_at as created_at
  from {{ ref('summary_posting') }}
)

select
  'invoice_to_posting' as workflow,
  invoice_id as business_transaction_id,
  source_instance,
  correlation_id,
  1 as step_number,
  'final' as step,
  'billing' as system,
  'invoice:' || invoice_id as document,
  finalized_at as started_at,
  finalized_at as occurred_at,
  true as is_time_known,
  finalized_at as due_at,
  true as is_there,
  true as is_needed,
  cast(null as {{ dbt.type_string() }}) as failure,
  cast(null as {{ dbt.type_string() }}) as failure_class,
  total_amount_minor as effect_minor,
  currency_code,
  legal_entity_code,
  customer_id,
  period,
  'BillingOps' as owner_role
from invoices

union all

select
  'invoice_to_posting' as workflow,
  invoices.invoice_id as business_transaction_id,
  invoices.source_instance,
  invoices.correlation_id,
  2 as step_number,
  'posted' as step,
  'erp' as system,
  documents.document,
  invoices.finalized_at as started_at,
  documents.created_at as occurred_at,
  true as is_time_known,
  policy.due_at,
  documents.document is not null as is_there,
  true as is_needed,
  case when messages.status in ('rejected', 'dead_lettered') then messages.words end as failure,
  case when messages.status in ('rejected', 'dead_lettered') then messages.failure_class end as failure_class,
  invoices.total_amount_minor as effect_minor,
  invoices.currency_code,
  invoices.legal_entity_code,
  invoices.customer_id,
  invoices.period,
  'AR' as owner_role
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
