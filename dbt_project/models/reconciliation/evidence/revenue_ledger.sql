-- One row per legal entity, currency, accounting period, control and origin: what moved revenue, deferred revenue and
-- unbilled receivables in the ledger? `origin` tells what stands behind it: a document or the invoices of a summary, a
-- schedule or accrual (`revenue`), or nothing (`unsupported`: manual, orphan or any other journal;
-- `remeasured`: a revaluation of what is no monetary item). A credit is positive.
with summaries as (
  select erp_instance, record_id as journal_id from {{ ref('summary_member') }} where object = 'journal'
  union
  select erp_instance, record_id as journal_id from {{ ref('summary_credit') }} where object = 'journal'
),

lines as (
  select
    journals.source_instance,
    journals.journal_id,
    journals.legal_entity_code,
    journals.currency_code,
    journals.base_currency_code,
    journals.period,
    accounts.control,
    journals.credit_minor - journals.debit_minor as amount_minor,
    journals.base_credit_minor - journals.base_debit_minor as base_minor,
    case
      when journals.source = 'revaluation' then 'remeasured'
      when journals.source = 'revenue' then 'revenue'
      when journals.source = 'billing' and documents.document_id is not null then 'document'
      when summaries.journal_id is not null then 'document'
      when journals.source = 'billing' and journals.reversal_of is not null then 'document'
      else 'unsupported'
    end as origin
  from {{ ref('journal_line') }} as journals
  inner join {{ ref('gl_account') }} as accounts
    on
      accounts.source_instance = journals.source_instance
      and accounts.account_number = journals.account_number
      and accounts.control in ('deferred_revenue', 'revenue', 'unbilled')
  left join {{ ref('ar_document') }} as documents
    on documents.source_instance = journals.source_instance and documents.document_id = journals.document_id
  left join summaries
    on summaries.erp_instance = journals.source_instance and summaries.journal_id = journals.journal_id
)

select
  source_instance,
  legal_entity_code,
  currency_code,
  base_currency_code,
  period,
  control,
  origin,
  {{ whole_sum('amount_minor') }} as amount_minor,
  {{ whole_sum('case when amount_minor = 0 then base_minor else 0 end') }} as base_only_minor,
  {{ joined_text("case when origin in ('unsupported', 'remeasured') then journal_id end", ', ') }} as journal_ids
from lines
group by source_instance, legal_entity_code, currency_code, base_currency_code, period, control, origin
