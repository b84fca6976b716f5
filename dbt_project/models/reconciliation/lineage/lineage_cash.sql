{{ config(materialized='view') }}
-- One row per link of cash and of the interface: from invoice to payment, receipt, application and document, to refund,
-- dispute and payout; and the message that carried a record to the ledger.
{% set link = [
  'from_type', 'from_instance', 'from_id', 'to_type', 'to_instance', 'to_id', 'relation', 'amount_minor', 'currency_code',
  'occurred_at', 'correlation_id', 'content_hash',
] %}
with invoice_to_payment as (
  select
    'invoice' as from_type, source_instance as from_instance, invoice_id as from_id,
    'payment' as to_type, source_instance as to_instance, payment_id as to_id,
    'paid' as relation, amount_minor, currency_code,
    received_at as occurred_at, reference as correlation_id,
    content_hash
  from {{ ref('payment') }}
  where invoice_id is not null
),

payment_to_refund as (
  select
    'payment' as from_type, source_instance as from_instance, payment_id as from_id,
    'refund' as to_type, source_instance as to_instance, refund_id as to_id,
    'refunded' as relation, -amount_minor as amount_minor, currency_code,
    created_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    content_hash
  from {{ ref('refund') }}
),

credit_to_refund as (
  select
    'credit_note' as from_type, source_instance as from_instance, credit_note_id as from_id,
    'refund' as to_type, source_instance as to_instance, refund_id as to_id,
    'refunded' as relation, -amount_minor as amount_minor, currency_code,
    created_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    content_hash
  from {{ ref('refund') }}
  where credit_note_id is not null
),

payment_to_dispute as (
  select
    'payment' as from_type, source_instance as from_instance, payment_id as from_id,
    'dispute' as to_type, source_instance as to_instance, dispute_id as to_id,
    'disputed' as relation, -amount_minor as amount_minor, currency_code,
    created_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    content_hash
  from {{ ref('dispute') }}
),

payment_to_payout as (
  select
    'payment' as from_type, source_instance as from_instance, payment_id as from_id,
    'payout' as to_type, source_instance as to_instance, payout_id as to_id,
    'paid out' as relation, amount_minor - coalesce(fee_amount_minor, 0) as amount_minor, currency_code,
    received_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    cast(null as {{ dbt.type_string() }}) as content_hash
  from {{ ref('payment') }}
  where payout_id is not null
),

refund_to_payout as (
  select
    'refund' as from_type, source_instance as from_instance, refund_id as from_id,
    'payout' as to_type, source_instance as to_instance, payout_id as to_id,
    'paid out' as relation, -amount_minor as amount_minor, currency_code,
    created_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    cast(null as {{ dbt.type_string() }}) as content_hash
  from {{ ref('refund') }}
  where payout_id is not null
),

dispute_to_payout as (
  select
    'dispute' as from_type, source_instance as from_instance, dispute_id as from_id,
    'payout' as to_type, source_instance as to_instance, payout_id as to_id,
    'paid out' as relation, -amount_minor as amount_minor, currency_code,
    created_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    cast(null as {{ dbt.type_string() }}) as content_hash
  from {{ ref('dispute') }}
  where payout_id is not null
),

payment_to_receipt as (
  select
    external_object as from_type, billing_instance as from_instance, external_id as from_id,
    'cash_receipt' as to_type, source_instance as to_instance, receipt_id as to_id,
    'received' as relation, amount_minor, currency_code,
    cast(received_date as timestamp) as occurred_at,
    cast(null as {{ dbt.type_string() }}) as correlation_id,
    content_hash
  from {{ ref('cash_receipt') }}
  where external_object is not null and billing_instance is not null
),

receipt_to_application as (
  select
    'cash_receipt' as from_type, source_instance as from_instance, receipt_id as from_id,
    'cash_application' as to_type, source_instance as to_instance, application_id as to_id,
    'applied' as relation, amount_minor, currency_code,
    applied_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    content_hash
  from {{ ref('cash_application') }}
),

application_to_document as (
  select
    'cash_application' as from_type, source_instance as from_instance, application_id as from_id,
    'ar_document' as to_type, source_instance as to_instance, document_id as to_id,
    'settles' as relation, amount_minor, currency_code,
    applied_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    cast(null as {{ dbt.type_string() }}) as content_hash
  from {{ ref('cash_application') }}
),

record_to_message as (
  select
    document_kind as from_type, billing_instance as from_instance, source_id as from_id,
    'interface_message' as to_type, source_instance as to_instance, message_id as to_id,
    'sent' as relation,
    cast(null as bigint) as amount_minor,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    sent_at as occurred_at, correlation_id,
    content_hash
  from {{ ref('interface_message') }}
  where billing_instance is not null
)

{% for step in [
  'invoice_to_payment', 'payment_to_refund', 'credit_to_refund', 'payment_to_dispute', 'payment_to_payout',
  'refund_to_payout', 'dispute_to_payout', 'payment_to_receipt', 'receipt_to_application', 'application_to_document',
  'record_to_message',
] %}
select {{ link | join(', ') }} from {{ step }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
