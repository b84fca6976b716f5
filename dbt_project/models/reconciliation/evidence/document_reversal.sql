-- One row per receivable document that a journal reverses: when, and how much of it is left on the receivable accounts?
-- A document that is marked reversed while half of its journal stands still shows money that nobody owes.
with journals as (
  select
    journal_lines.source_instance,
    journal_lines.journal_id,
    journal_lines.document_id,
    journal_lines.reversal_of,
    journal_lines.period,
    journal_lines.posting_date,
    case when accounts.control = 'receivable' then journal_lines.debit_minor - journal_lines.credit_minor end
      as amount_minor
  from {{ ref('journal_line') }} as journal_lines
  left join {{ ref('gl_account') }} as accounts
    on
      accounts.source_instance = journal_lines.source_instance
      and accounts.account_number = journal_lines.account_number
  where journal_lines.source not in ('cash', 'revenue', 'revaluation')
),

posted as (
  select source_instance, document_id, sum(amount_minor) as posted_minor
  from journals
  where reversal_of is null and document_id is not null
  group by source_instance, document_id
),

journal_documents as (
  select source_instance, journal_id, min(document_id) as document_id
  from journals
  where document_id is not null
  group by source_instance, journal_id
),

-- a reversal that does not name the document names its journal
reversing as (
  select
    journals.source_instance,
    coalesce(journals.document_id, journal_documents.document_id) as document_id,
    min(journals.period) as period,
    min(journals.posting_date) as posting_date,
    sum(journals.amount_minor) as reversed_minor,
    {{ joined_text('journals.journal_id', ', ') }} as journal_ids
  from journals
  left join journal_documents
    on
      journal_documents.source_instance = journals.source_instance
      and journal_documents.journal_id = journals.reversal_of
  where journals.reversal_of is not null
  group by journals.source_instance, coalesce(journals.document_id, journal_documents.document_id)
)

select
  coalesce(posted.source_instance, reversing.source_instance) as source_instance,
  coalesce(posted.document_id, reversing.document_id) as document_id,
  reversing.period,
  reversing.posting_date,
  reversing.journal_ids,
  cast(posted.posted_minor as bigint) as posted_minor,
  cast(posted.posted_minor + coalesce(reversing.reversed_minor, 0) as bigint) as remaining_minor
from posted
full outer join reversing
  on reversing.source_instance = posted.source_instance and reversing.document_id = posted.document_id
where coalesce(posted.document_id, reversing.document_id) is not null
