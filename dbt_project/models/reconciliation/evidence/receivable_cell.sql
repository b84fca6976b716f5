-- One row per legal entity, receivable account, currency and period: what moved in the subledger, what in the ledger,
-- and which journals speak for a difference?
with subledger as (
  select
    source_instance, legal_entity_code, account_number, currency_code, period,
    {{ whole_sum('amount_minor') }} as subledger_minor,
    count(*) as movements
  from {{ ref('receivable_subledger') }}
  group by source_instance, legal_entity_code, account_number, currency_code, period
),

-- an orphan may be known by its amounts to post invoices: the subledger lacks their documents all the same
summaries as (
  select erp_instance, record_id as journal_id from {{ ref('summary_member') }} where object = 'journal'
  union
  select erp_instance, record_id as journal_id from {{ ref('summary_credit') }} where object = 'journal'
),

ledger_lines as (
  select
    moved.*,
    summaries.journal_id as summary_journal_id
  from {{ ref('receivable_ledger') }} as moved
  left join summaries on summaries.erp_instance = moved.source_instance and summaries.journal_id = moved.journal_id
),

ledger as (
  select
    source_instance, legal_entity_code, account_number, currency_code, period,
    {{ whole_sum('amount_minor') }} as ledger_minor,
    {{ whole_sum("case when origin = 'manual' then amount_minor else 0 end") }} as manual_minor,
    {{ whole_sum("case when origin = 'orphan' then amount_minor else 0 end") }} as orphan_minor,
    {{ whole_sum("case when origin = 'other_entity' then amount_minor else 0 end") }} as other_entity_minor,
    {{ joined_text("case when origin = 'manual' and amount_minor <> 0 then journal_id end", ', ') }} as manual_journals,
    {{ joined_text("case when origin = 'manual' and amount_minor <> 0 then entered_by end", ', ') }} as manual_by,
    {{ joined_text("case when origin = 'orphan' and amount_minor <> 0 then journal_id end", ', ') }} as orphan_journals,
    {{ joined_text("case when origin = 'other_entity' and amount_minor <> 0 then journal_id end", ', ') }}
      as other_entity_journals,
    {{ joined_text("case when origin = 'orphan' and amount_minor <> 0 then summary_journal_id end", ', ') }}
      as summary_journals
  from ledger_lines
  group by source_instance, legal_entity_code, account_number, currency_code, period
),

cells as (
  select
    coalesce(subledger.source_instance, ledger.source_instance) as source_instance,
    coalesce(subledger.legal_entity_code, ledger.legal_entity_code) as legal_entity_code,
    coalesce(subledger.account_number, ledger.account_number) as account_number,
    coalesce(subledger.currency_code, ledger.currency_code) as currency_code,
    coalesce(subledger.period, ledger.period) as period,
    subledger.movements,
    subledger.subledger_minor,
    ledger.ledger_minor,
    coalesce(ledger.manual_minor, 0) as manual_minor,
    coalesce(ledger.orphan_minor, 0) as orphan_minor,
    coalesce(ledger.other_entity_minor, 0) as other_entity_minor,
    ledger.manual_journals,
    ledger.manual_by,
    ledger.orphan_journals,
    ledger.other_entity_journals,
    ledger.summary_journals,
    coalesce(subledger.subledger_minor, 0) - coalesce(ledger.ledger_minor, 0) as delta_minor
  from subledger
  full outer join ledger
    on
      ledger.source_instance = subledger.source_instance
      and ledger.legal_entity_code = subledger.legal_entity_code
      and ledger.account_number = subledger.account_number
      and ledger.currency_code = subledger.currency_code
      and ledger.period = subledger.period
)

select
  source_instance,
  legal_entity_code,
  account_number,
  currency_code,
  period,
  movements,
  subledger_minor,
  ledger_minor,
  manual_minor,
  orphan_minor,
  other_entity_minor,
  manual_journals,
  manual_by,
  orphan_journals,
  other_entity_journals,
  summary_journals,
  delta_minor,
  {{ whole_sum('subledger_minor', over='running') }} as subledger_balance_minor,
  {{ whole_sum('ledger_minor', over='running') }} as ledger_balance_minor,
  {{ whole_sum('delta_minor', over='running') }} as balance_delta_minor
from cells
window running as (
  partition by source_instance, legal_entity_code, account_number, currency_code
  order by period rows between unbounded preceding and current row
)
