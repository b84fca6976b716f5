-- One row per receivable cell and kind of fault: documents that no journal carries, and journals that stand in another
-- period than their document. Both are evidence of the document itself, so they come before any guess from amounts.
with documents as (
  select
    subledger.source_instance,
    subledger.document_id,
    subledger.legal_entity_code,
    subledger.account_number,
    subledger.currency_code,
    subledger.period,
    subledger.amount_minor
  from {{ ref('receivable_subledger') }} as subledger
  where subledger.object = 'ar_document'
),

journals as (
  select
    ledger.source_instance,
    ledger.document_id,
    ledger.legal_entity_code,
    ledger.account_number,
    ledger.currency_code,
    ledger.period,
    sum(ledger.amount_minor) as amount_minor
  from {{ ref('receivable_ledger') }} as ledger
  inner join {{ ref('journal_line') }} as lines
    on
      lines.source_instance = ledger.source_instance
      and lines.journal_id = ledger.journal_id
      and lines.line_number = ledger.line_number
  where ledger.source = 'billing' and ledger.document_id is not null and lines.reversal_of is null
  group by
    ledger.source_instance, ledger.document_id, ledger.legal_entity_code, ledger.account_number,
    ledger.currency_code, ledger.period
),

any_journal as (
  select distinct source_instance, document_id
  from {{ ref('journal_line') }}
  where document_id is not null and source <> 'cash'
),

faults as (
  select
    'without_journal' as kind,
    documents.source_instance, documents.legal_entity_code, documents.account_number, documents.currency_code,
    documents.period, documents.document_id, documents.amount_minor
  from documents
  left join any_journal
    on any_journal.source_instance = documents.source_instance and any_journal.document_id = documents.document_id
  where any_journal.document_id is null
  union all
  select
    'other_period' as kind,
    documents.source_instance, documents.legal_entity_code, documents.account_number, documents.currency_code,
    documents.period, documents.document_id, journals.amount_minor
  from documents
  inner join journals
    on
      journals.source_instance = documents.source_instance
      and journals.document_id = documents.document_id
      and journals.legal_entity_code = documents.legal_entity_code
      and journals.account_number = documents.account_number
      and journals.currency_code = documents.currency_code
  where journals.period <> documents.period
  union all
  select
    'other_period' as kind,
    documents.source_instance, documents.legal_entity_code, documents.account_number, documents.currency_code,
    journals.period, documents.document_id, -journals.amount_minor as amount_minor
  from documents
  inner join journals
    on
      journals.source_instance = documents.source_instance
      and journals.document_id = documents.document_id
      and journals.legal_entity_code = documents.legal_entity_code
      and journals.account_number = documents.account_number
      and journals.currency_code = documents.currency_code
  where journals.period <> documents.period
)

select
  kind,
  source_instance,
  legal_entity_code,
  account_number,
  currency_code,
  period,
  cast(sum(amount_minor) as bigint) as amount_minor,
  {{ joined_text('document_id', ', ') }} as documents
from faults
group by kind, source_instance, legal_entity_code, account_number, currency_code, period
