-- One row per journal line on a receivable control account: what moved it, and does a subledger document stand behind
-- it? Base-currency revaluations carry no document amount and so move nothing here.
select
  journals.source_instance,
  journals.journal_id,
  journals.line_number,
  journals.legal_entity_code,
  journals.account_number,
  journals.currency_code,
  journals.period,
  journals.source,
  journals.document_id,
  journals.entered_by,
  journals.debit_minor - journals.credit_minor as amount_minor,
  case
    when journals.source = 'manual' then 'manual'
    when journals.source = 'billing' and documents.document_id is null then 'orphan'
    when journals.source = 'billing' and documents.legal_entity_code <> journals.legal_entity_code then 'other_entity'
    else 'regular'
  end as origin
from {{ ref('journal_line') }} as journals
inner join {{ ref('gl_account') }} as accounts
  on
    accounts.source_instance = journals.source_instance
    and accounts.account_number = journals.account_number
    and accounts.control = 'receivable'
left join {{ ref('ar_document') }} as documents
  on documents.source_instance = journals.source_instance and documents.document_id = journals.document_id
