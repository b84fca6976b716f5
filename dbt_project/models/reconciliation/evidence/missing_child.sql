-- One row per record that lacks what must stand behind it: a final invoice without a line, a receivable document
-- without a line, a journal or a billing document, a billing journal without a document, a receipt of nobody's money.
-- `needs` names the objects that must have been delivered for the question to make sense. A draft is no billing
-- document: nothing was issued that could be posted.
with documents as (
  select * from {{ ref('ar_document') }}
),

invoices_without_line as (
  select
    invoices.source_instance, 'billing.invoices' as object, invoices.invoice_id as record_key,
    'billing.invoice_lines' as needs, invoices.legal_entity_code, invoices.customer_id, invoices.currency_code,
    invoices.total_amount_minor as amount_minor, 'is final, but has no line' as words
  from {{ ref('invoice') }} as invoices
  left join {{ ref('invoice_line') }} as lines
    on lines.source_instance = invoices.source_instance and lines.invoice_id = invoices.invoice_id
  where invoices.is_live and lines.line_id is null
),

documents_without_line as (
  select
    documents.source_instance, 'erp.ar_documents' as object, documents.document_id as record_key,
    'erp.ar_document_lines' as needs, documents.legal_entity_code, cast(null as {{ dbt.type_string() }}) as customer_id,
    documents.currency_code, documents.sign * documents.total_amount_minor as amount_minor,
    'has no line' as words
  from documents
  left join {{ ref('ar_document_line') }} as lines
    on lines.source_instance = documents.source_instance and lines.document_id = documents.document_id
  where lines.document_line_id is null
),

-- a document of nothing has nothing to book
documents_without_journal as (
  select
    documents.source_instance, 'erp.ar_documents' as object, documents.document_id as record_key,
    'erp.journal_lines' as needs, documents.legal_entity_code, cast(null as {{ dbt.type_string() }}) as customer_id,
    documents.currency_code, documents.sign * documents.total_amount_minor as amount_minor,
    'has no journal: the ledger does not show it' as words
  from documents
  left join {{ ref('journal_line') }} as journals
    on journals.source_instance = documents.source_instance and journals.document_id = documents.document_id
  where
    journals.journal_id is null
    and (documents.total_amount_minor <> 0 or documents.net_amount_minor <> 0)
),

-- what a posting that names nothing is known to hold all the same (R14)
summaries as (
  select
    erp_instance, object, record_id,
    '; by its amounts it posts ' || {{ counted('count(*)', 'invoice') }} || ', '
    || min(invoice_id) || case when count(*) > 1 then ' to ' || max(invoice_id) else '' end as words
  from {{ ref('summary_member') }}
  group by erp_instance, object, record_id
),

documents_without_billing as (
  select
    documents.source_instance, 'erp.ar_documents' as object, documents.document_id as record_key,
    'erp.ar_documents' as needs, documents.legal_entity_code, cast(null as {{ dbt.type_string() }}) as customer_id,
    documents.currency_code, documents.sign * documents.total_amount_minor as amount_minor,
    'is posted, but names no billing document' || coalesce(summaries.words, '') as words
  from documents
  left join summaries
    on
      summaries.object = 'ar_document'
      and summaries.erp_instance = documents.source_instance
      and summaries.record_id = documents.document_id
  where documents.external_id is null and documents.status <> 'reversed'
),

-- a void is R16's; of one whose record was rejected nobody knows whether it is a draft still
documents_of_drafts as (
  select
    documents.source_instance, 'erp.ar_documents' as object, documents.document_id as record_key,
    'erp.ar_documents' as needs, documents.legal_entity_code, cast(null as {{ dbt.type_string() }}) as customer_id,
    documents.currency_code, documents.sign * documents.total_amount_minor as amount_minor,
    'is posted, but invoice ' || invoices.invoice_id || ' that it names was never issued: billing calls it '
    || invoices.status as words,
    min(unread.reason) as untestable
  from documents
  inner join {{ ref('invoice') }} as invoices
    on
      documents.external_object = 'invoice'
      and invoices.source_instance = documents.billing_instance
      and invoices.invoice_id = documents.external_id
  left join {{ ref('billing_key_not_testable') }} as unread
    on
      unread.kind = 'invoice'
      and unread.source_instance = invoices.source_instance
      and unread.is_own_record
      and coalesce(unread.key, invoices.invoice_id) = invoices.invoice_id
  where not invoices.is_live and invoices.status <> 'void' and documents.status <> 'reversed'
  group by
    documents.source_instance, documents.document_id, documents.legal_entity_code, documents.currency_code,
    documents.sign, documents.total_amount_minor, invoices.invoice_id, invoices.status
),

lone_journals as (
  select
    source_instance, journal_id, min(line_number) as line_number, min(legal_entity_code) as legal_entity_code,
    min(currency_code) as currency_code,
    cast(sum(debit_minor - credit_minor) filter (where debit_minor > credit_minor) as bigint) as amount_minor
  from {{ ref('journal_line') }}
  where source = 'billing'
  group by source_instance, journal_id
  having count(document_id) = 0
),

journals_without_document as (
  select
    lone_journals.source_instance, 'erp.journal_lines' as object,
    lone_journals.journal_id || '|' || cast(lone_journals.line_number as {{ dbt.type_string() }}) as record_key,
    'erp.journal_lines' as needs, lone_journals.legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id, lone_journals.currency_code, lone_journals.amount_minor,
    'is of source billing, but its journal names no document' || coalesce(summaries.words, '') as words
  from lone_journals
  left join summaries
    on
      summaries.object = 'journal'
      and summaries.erp_instance = lone_journals.source_instance
      and summaries.record_id = lone_journals.journal_id
),

receipts_without_payment as (
  select
    source_instance, 'erp.cash_receipts' as object, receipt_id as record_key, 'erp.cash_receipts' as needs,
    legal_entity_code, cast(null as {{ dbt.type_string() }}) as customer_id, currency_code, amount_minor,
    'names no payment, refund or dispute' as words
  from {{ ref('cash_receipt') }}
  where external_id is null and not {{ is_void_receipt('status') }}
)

{%- for findings in [
  'invoices_without_line', 'documents_without_line', 'documents_without_journal', 'documents_without_billing',
  'journals_without_document', 'receipts_without_payment',
] %}
select *, cast(null as {{ dbt.type_string() }}) as untestable from {{ findings }}
union all
{%- endfor %}
select * from documents_of_drafts
