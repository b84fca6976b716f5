-- One row per billing document that has to reach the ERP over the interface: a final invoice, an issued credit note, a
-- succeeded payment. Is it there already, and by when has it to be there?
{{ config(materialized='view') }}
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

posted as (
  select distinct
    billing_instance as source_instance,
    external_object as document_kind,
    external_id as key
  from {{ ref('ar_document') }}
  where billing_instance is not null and external_object is not null
  union
  select distinct
    billing_instance as source_instance,
    external_object as document_kind,
    external_id as key
  from {{ ref('cash_receipt') }}
  where billing_instance is not null and external_object = 'payment'
  union
  select
    source_instance,
    'payment' as document_kind,
    payment_id as key
  from {{ ref('joint_receipt') }}
  union
  -- one posting may hold many invoices and credits, and names none of them
  select
    source_instance,
    'invoice' as document_kind,
    invoice_id as key
  from {{ ref('summary_posting') }}
  union
  select
    source_instance,
    'credit_note' as document_kind,
    credit_note_id as key
  from {{ ref('summary_credit') }}
),

-- a document that was voided has nothing left to send, but what was sent of it has arrived or not
documents as (
  select
    source_instance, 'invoice' as document_kind, invoice_id as key, legal_entity_code, customer_id, currency_code,
    total_amount_minor as amount_minor, issue_date as document_date, finalized_at as final_at,
    status = 'void' as is_void
  from {{ ref('invoice') }}
  where status <> 'draft' and finalized_at is not null
  union all
  select
    source_instance, 'credit_note' as document_kind, credit_note_id as key, legal_entity_code, customer_id,
    currency_code, -total_amount_minor as amount_minor, issue_date as document_date,
    cast(issue_date as timestamp) as final_at, not is_live as is_void
  from {{ ref('credit_note') }}
  union all
  select
    source_instance, 'payment' as document_kind, payment_id as key, legal_entity_code, customer_id, currency_code,
    amount_minor, {{ utc_date('received_at') }} as document_date, received_at as final_at, false as is_void
  from {{ ref('payment') }}
  where status = 'succeeded'
)

select
  documents.source_instance,
  documents.document_kind,
  documents.key,
  documents.legal_entity_code,
  documents.customer_id,
  documents.currency_code,
  documents.amount_minor,
  documents.final_at,
  documents.is_void,
  posted.key is not null as is_posted,
  coalesce(
    policy.policy_period, policy.origin_period, calendar.period, {{ month_key('documents.document_date') }}
  ) as period,
  coalesce(
    policy.due_at, {{ add_business_days('documents.final_at', 'parameters.cash_business_days') }}
  ) as due_at
from documents
cross join parameters
left join posted
  on
    posted.source_instance = documents.source_instance
    and posted.document_kind = documents.document_kind
    and posted.key = documents.key
left join {{ ref('posting_policy') }} as policy
  on
    policy.source_instance = documents.source_instance
    and policy.object = documents.document_kind
    and policy.key = documents.key
left join {{ ref('entity_period') }} as calendar
  on
    calendar.source_instance = documents.source_instance
    and calendar.legal_entity_code = documents.legal_entity_code
    and documents.document_date between calendar.first_date and calendar.last_date
