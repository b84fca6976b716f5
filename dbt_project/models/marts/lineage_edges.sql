-- One row per link between two records: from usage and contract to invoice line, invoice, receivable document and
-- journal, and from payment to receipt, application and document. Which records does a posted amount rest on?
{% set edge = [
  'from_type', 'from_instance', 'from_id', 'to_type', 'to_instance', 'to_id', 'relation', 'amount_minor', 'currency_code',
  'occurred_at',
] %}
with usage_to_metered as (
  select
    'usage_month' as from_type, usage_months.source_instance as from_instance,
    usage_months.subscription_id || '|' || usage_months.meter_code || '|'
    || cast(usage_months.service_month as {{ dbt.type_string() }}) as from_id,
    'metered_usage' as to_type, metered.source_instance as to_instance, metered.meter_record_id as to_id,
    'metered' as relation, cast(null as bigint) as amount_minor, cast(null as {{ dbt.type_string() }}) as currency_code,
    metered.computed_at as occurred_at
  from {{ ref('metered_usage') }} as metered
  inner join {{ ref('usage_month') }} as usage_months
    on
      usage_months.source_instance = metered.source_instance
      and usage_months.subscription_id = metered.subscription_id
      and usage_months.meter_code = metered.meter_code
      and usage_months.service_month = metered.service_month
),

metered_to_line as (
  select
    'metered_usage' as from_type, metered.source_instance as from_instance, metered.meter_record_id as from_id,
    'invoice_line' as to_type, lines.source_instance as to_instance, lines.line_id as to_id,
    'billed' as relation, lines.amount_minor, lines.currency_code, lines.finalized_at as occurred_at
  from {{ ref('metered_usage') }} as metered
  inner join {{ ref('meter_month') }} as meters
    on
      meters.source_instance = metered.source_instance
      and meters.meter_code = metered.meter_code
      and meters.service_month = metered.service_month
  inner join {{ ref('invoice_line') }} as lines
    on
      lines.source_instance = metered.billing_instance
      and lines.subscription_id = metered.subscription_id
      and lines.sku = meters.sku
      and lines.kind = 'usage'
      and {{ month_start('lines.service_start') }} = metered.service_month
),

contract_to_subscription as (
  select
    'contract' as from_type, subscriptions.crm_instance as from_instance, subscriptions.contract_id as from_id,
    'subscription' as to_type, subscriptions.source_instance as to_instance, subscriptions.subscription_id as to_id,
    'sold' as relation, cast(null as bigint) as amount_minor, subscriptions.currency_code,
    cast(subscriptions.start_date as timestamp) as occurred_at
  from {{ ref('subscription') }} as subscriptions
  inner join {{ ref('contract') }} as contracts
    on contracts.source_instance = subscriptions.crm_instance and contracts.contract_id = subscriptions.contract_id
),

subscription_to_item as (
  select
    'subscription' as from_type, source_instance as from_instance, subscription_id as from_id,
    'subscription_item' as to_type, source_instance as to_instance, item_id as to_id,
    'contains' as relation, cast(null as bigint) as amount_minor, currency_code,
    cast(effective_from as timestamp) as occurred_at
  from {{ ref('subscription_item') }}
),

item_to_line as (
  select
    'subscription_item' as from_type, source_instance as from_instance, item_id as from_id,
    'invoice_line' as to_type, source_instance as to_instance, line_id as to_id,
    'billed' as relation, amount_minor, currency_code, finalized_at as occurred_at
  from {{ ref('invoice_line') }}
  where item_id is not null
),

line_to_invoice as (
  select
    'invoice_line' as from_type, source_instance as from_instance, line_id as from_id,
    'invoice' as to_type, source_instance as to_instance, invoice_id as to_id,
    'part of' as relation, amount_minor, currency_code, finalized_at as occurred_at
  from {{ ref('invoice_line') }}
),

billing_to_document as (
  select
    external_object as from_type, billing_instance as from_instance, external_id as from_id,
    'ar_document' as to_type, source_instance as to_instance, document_id as to_id,
    'posted' as relation, sign * total_amount_minor as amount_minor, currency_code, created_at as occurred_at
  from {{ ref('ar_document') }}
  where external_object is not null and billing_instance is not null
),

invoice_to_credit as (
  select
    'invoice' as from_type, source_instance as from_instance, invoice_id as from_id,
    'credit_note' as to_type, source_instance as to_instance, credit_note_id as to_id,
    'credited' as relation, -total_amount_minor as amount_minor, currency_code,
    cast(issue_date as timestamp) as occurred_at
  from {{ ref('credit_note') }}
),

document_to_journal as (
  select
    'ar_document' as from_type, documents.source_instance as from_instance, documents.document_id as from_id,
    'journal_line' as to_type, journals.source_instance as to_instance, journals.journal_id as to_id,
    'journalised' as relation, cast(sum(journals.debit_minor) as bigint) as amount_minor, journals.currency_code,
    min(journals.created_at) as occurred_at
  from {{ ref('journal_line') }} as journals
  inner join {{ ref('ar_document') }} as documents
    on documents.source_instance = journals.source_instance and documents.document_id = journals.document_id
  group by
    documents.source_instance,
    documents.document_id,
    journals.source_instance,
    journals.journal_id,
    journals.currency_code
),

payment_to_receipt as (
  select
    external_object as from_type, billing_instance as from_instance, external_id as from_id,
    'cash_receipt' as to_type, source_instance as to_instance, receipt_id as to_id,
    'received' as relation, amount_minor, currency_code, cast(received_date as timestamp) as occurred_at
  from {{ ref('cash_receipt') }}
  where external_object is not null and billing_instance is not null
),

receipt_to_application as (
  select
    'cash_receipt' as from_type, source_instance as from_instance, receipt_id as from_id,
    'cash_application' as to_type, source_instance as to_instance, application_id as to_id,
    'applied' as relation, amount_minor, currency_code, applied_at as occurred_at
  from {{ ref('cash_application') }}
),

application_to_document as (
  select
    'cash_application' as from_type, source_instance as from_instance, application_id as from_id,
    'ar_document' as to_type, source_instance as to_instance, document_id as to_id,
    'settles' as relation, amount_minor, currency_code, applied_at as occurred_at
  from {{ ref('cash_application') }}
)

{% for step in [
  'usage_to_metered', 'metered_to_line', 'contract_to_subscription', 'subscription_to_item', 'item_to_line',
  'line_to_invoice', 'billing_to_document', 'invoice_to_credit', 'document_to_journal', 'payment_to_receipt',
  'receipt_to_application', 'application_to_document',
] %}
select {{ edge | join(', ') }} from {{ step }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
