{{ config(materialized='view') }}
-- One row per link of documents: from invoice line to invoice, credit, receivable document, its lines and its journals.
{% set link = [
  'from_type', 'from_instance', 'from_id', 'to_type', 'to_instance', 'to_id', 'relation', 'amount_minor', 'currency_code',
  'occurred_at', 'correlation_id', 'content_hash',
] %}
with journals as (
  select
    source_instance,
    journal_id,
    document_id,
    currency_code,
    cast(sum(debit_minor) as bigint) as debit_minor,
    cast(sum(credit_minor) as bigint) as credit_minor,
    min(created_at) as created_at
  from {{ ref('journal_line') }}
  where document_id is not null
  group by source_instance, journal_id, document_id, currency_code
),

reversals as (
  select
    source_instance,
    journal_id,
    reversal_of,
    currency_code,
    cast(sum(debit_minor) as bigint) as debit_minor,
    cast(sum(credit_minor) as bigint) as credit_minor,
    min(created_at) as created_at
  from {{ ref('journal_line') }}
  where reversal_of is not null
  group by source_instance, journal_id, reversal_of, currency_code
),

line_to_invoice as (
  select
    'invoice_line' as from_type, lines.source_instance as from_instance, lines.line_id as from_id,
    'invoice' as to_type, lines.source_instance as to_instance, lines.invoice_id as to_id,
    'part of' as relation, lines.amount_minor, lines.currency_code,
    lines.finalized_at as occurred_at, invoices.correlation_id,
    invoices.content_hash
  from {{ ref('invoice_line') }} as lines
  inner join {{ ref('invoice') }} as invoices
    on invoices.source_instance = lines.source_instance and invoices.invoice_id = lines.invoice_id
),

invoice_to_rebill as (
  select
    'invoice' as from_type, source_instance as from_instance, replaces_invoice_id as from_id,
    'invoice' as to_type, source_instance as to_instance, invoice_id as to_id,
    'replaced' as relation, total_amount_minor as amount_minor, currency_code,
    finalized_at as occurred_at, correlation_id,
    content_hash
  from {{ ref('invoice') }}
  where replaces_invoice_id is not null
),

invoice_to_credit as (
  select
    'invoice' as from_type, source_instance as from_instance, invoice_id as from_id,
    'credit_note' as to_type, source_instance as to_instance, credit_note_id as to_id,
    'credited' as relation, -total_amount_minor as amount_minor, currency_code,
    cast(issue_date as timestamp) as occurred_at, correlation_id,
    content_hash
  from {{ ref('credit_note') }}
),

line_to_credit_line as (
  select
    'invoice_line' as from_type, source_instance as from_instance, invoice_line_id as from_id,
    'credit_note_line' as to_type, source_instance as to_instance, credit_note_line_id as to_id,
    'credited' as relation, -amount_minor as amount_minor, currency_code,
    cast(issue_date as timestamp) as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    content_hash
  from {{ ref('credit_note_line') }}
  where invoice_line_id is not null
),

credit_line_to_credit as (
  select
    'credit_note_line' as from_type, source_instance as from_instance, credit_note_line_id as from_id,
    'credit_note' as to_type, source_instance as to_instance, credit_note_id as to_id,
    'part of' as relation, -amount_minor as amount_minor, currency_code,
    cast(issue_date as timestamp) as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    cast(null as {{ dbt.type_string() }}) as content_hash
  from {{ ref('credit_note_line') }}
),

billing_to_document as (
  select
    external_object as from_type, billing_instance as from_instance, external_id as from_id,
    'ar_document' as to_type, source_instance as to_instance, document_id as to_id,
    'posted' as relation, sign * total_amount_minor as amount_minor, currency_code,
    created_at as occurred_at, correlation_id,
    content_hash
  from {{ ref('ar_document') }}
  where external_object is not null and billing_instance is not null
),

-- a summary names no invoice; its amounts do
invoice_to_summary as (
  select
    'invoice' as from_type, members.source_instance as from_instance, members.invoice_id as from_id,
    members.object as to_type, members.erp_instance as to_instance, members.record_id as to_id,
    'posted' as relation, postings.gross_minor as amount_minor, postings.currency_code,
    postings.posted_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    cast(null as {{ dbt.type_string() }}) as content_hash
  from {{ ref('summary_member') }} as members
  inner join {{ ref('summary_posting') }} as postings
    on postings.source_instance = members.source_instance and postings.invoice_id = members.invoice_id
),

credit_to_summary as (
  select
    'credit_note' as from_type, members.source_instance as from_instance, members.credit_note_id as from_id,
    members.object as to_type, members.erp_instance as to_instance, members.record_id as to_id,
    'posted' as relation, -credits.total_amount_minor as amount_minor, credits.currency_code,
    journals.created_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    cast(null as {{ dbt.type_string() }}) as content_hash
  from {{ ref('summary_credit') }} as members
  inner join {{ ref('credit_note') }} as credits
    on credits.source_instance = members.source_instance and credits.credit_note_id = members.credit_note_id
  inner join {{ ref('lone_journal') }} as journals
    on
      journals.source_instance = members.erp_instance
      and journals.journal_id = members.record_id
      and journals.legal_entity_code = credits.legal_entity_code
      and journals.currency_code = credits.currency_code
),

document_to_line as (
  select
    'ar_document' as from_type, source_instance as from_instance, document_id as from_id,
    'ar_document_line' as to_type, source_instance as to_instance, document_line_id as to_id,
    'contains' as relation, sign * amount_minor as amount_minor, currency_code,
    cast(posting_date as timestamp) as occurred_at,
    cast(null as {{ dbt.type_string() }}) as correlation_id,
    content_hash
  from {{ ref('ar_document_line') }}
),

line_to_document_line as (
  select
    'invoice_line' as from_type, billing_instance as from_instance, source_line_id as from_id,
    'ar_document_line' as to_type, source_instance as to_instance, document_line_id as to_id,
    'posted' as relation, sign * amount_minor as amount_minor, currency_code,
    cast(posting_date as timestamp) as occurred_at,
    cast(null as {{ dbt.type_string() }}) as correlation_id,
    content_hash
  from {{ ref('ar_document_line') }}
  where external_object = 'invoice' and source_line_id is not null and billing_instance is not null
),

document_to_memo as (
  select
    'ar_document' as from_type, source_instance as from_instance, original_document_id as from_id,
    'ar_document' as to_type, source_instance as to_instance, document_id as to_id,
    'credited' as relation, sign * total_amount_minor as amount_minor, currency_code,
    created_at as occurred_at, correlation_id,
    content_hash
  from {{ ref('ar_document') }}
  where original_document_id is not null
),

-- the lines of the journal that name the document: all of a posting, the receivable of a payment
document_to_journal as (
  select
    'ar_document' as from_type, documents.source_instance as from_instance, documents.document_id as from_id,
    'journal' as to_type, journals.source_instance as to_instance, journals.journal_id as to_id,
    'journalised' as relation,
    greatest(journals.debit_minor, journals.credit_minor) as amount_minor,
    journals.currency_code,
    journals.created_at as occurred_at, documents.correlation_id,
    cast(null as {{ dbt.type_string() }}) as content_hash
  from journals
  inner join {{ ref('ar_document') }} as documents
    on documents.source_instance = journals.source_instance and documents.document_id = journals.document_id
),

journal_to_reversal as (
  select
    'journal' as from_type, source_instance as from_instance, reversal_of as from_id,
    'journal' as to_type, source_instance as to_instance, journal_id as to_id,
    'reversed' as relation, greatest(debit_minor, credit_minor) as amount_minor, currency_code,
    created_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    cast(null as {{ dbt.type_string() }}) as content_hash
  from reversals
)

{% for step in [
  'line_to_invoice', 'invoice_to_rebill', 'invoice_to_credit', 'line_to_credit_line', 'credit_line_to_credit',
  'billing_to_document', 'invoice_to_summary', 'credit_to_summary', 'document_to_line', 'line_to_document_line',
  'document_to_memo', 'document_to_journal', 'journal_to_reversal',
] %}
select {{ link | join(', ') }} from {{ step }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
