-- One row per legal entity, currency and ended accounting period: opening deferred revenue, plus billed, less credited,
-- recognized and released, against the closing balance of the ledger. A difference breaks in the period in which it
-- arose: what is carried forward is the same error seen again.
with movements as (
  select
    source_instance, legal_entity_code, currency_code, period,
    {{ whole_sum('amount_minor') }} as moved_minor,
    {{ whole_sum("case when kind = 'billed' then amount_minor else 0 end") }} as billed_minor,
    {{ whole_sum("case when kind in ('credited', 'reversed') then amount_minor else 0 end") }} as changed_minor,
    {{ whole_sum(
      "case when kind in ('recognized', 'taken back', 'missed', 'released') then amount_minor else 0 end"
    ) }} as recognized_minor,
    {{ whole_sum("case when kind = 'missed' then amount_minor else 0 end") }} as missed_minor,
    count(case when kind = 'missed' then 1 end) as missed_rows
  from {{ ref('deferred_movement') }}
  group by source_instance, legal_entity_code, currency_code, period
),

ledger as (
  select
    source_instance, legal_entity_code, currency_code, period,
    min(base_currency_code) as base_currency_code,
    {{ whole_sum('amount_minor') }} as ledger_minor,
    {{ whole_sum("case when origin in ('unsupported', 'remeasured') then amount_minor else 0 end") }}
      as unsupported_minor,
    {{ whole_sum("case when origin = 'revenue' then amount_minor else 0 end") }} as revenue_minor,
    {{ whole_sum("case when origin = 'remeasured' then base_only_minor else 0 end") }} as remeasured_base_minor,
    {{ joined_text('journal_ids', ', ') }} as journal_ids
  from {{ ref('revenue_ledger') }}
  where control = 'deferred_revenue'
  group by source_instance, legal_entity_code, currency_code, period
),

cells as (
  select
    coalesce(movements.source_instance, ledger.source_instance) as source_instance,
    coalesce(movements.legal_entity_code, ledger.legal_entity_code) as legal_entity_code,
    coalesce(movements.currency_code, ledger.currency_code) as currency_code,
    coalesce(movements.period, ledger.period) as period,
    ledger.base_currency_code,
    coalesce(movements.moved_minor, 0) as moved_minor,
    coalesce(movements.billed_minor, 0) as billed_minor,
    coalesce(movements.changed_minor, 0) as changed_minor,
    coalesce(movements.recognized_minor, 0) as recognized_minor,
    coalesce(movements.missed_minor, 0) as missed_minor,
    coalesce(movements.missed_rows, 0) as missed_rows,
    coalesce(ledger.ledger_minor, 0) as ledger_minor,
    coalesce(ledger.unsupported_minor, 0) as unsupported_minor,
    coalesce(ledger.revenue_minor, 0) as revenue_minor,
    coalesce(ledger.remeasured_base_minor, 0) as remeasured_base_minor,
    ledger.journal_ids,
    coalesce(movements.moved_minor, 0) - coalesce(ledger.ledger_minor, 0) as delta_minor
  from movements
  full outer join ledger
    on
      ledger.source_instance = movements.source_instance
      and ledger.legal_entity_code = movements.legal_entity_code
      and ledger.currency_code = movements.currency_code
      and ledger.period = movements.period
),

balances as (
  select
    *,
    {{ whole_sum('ledger_minor', over='running') }} as closing_minor
  from cells
  window running as (
    partition by source_instance, legal_entity_code, currency_code
    order by period rows between unbounded preceding and current row
  )
),

judged as (
  select
    balances.*,
    balances.closing_minor - balances.ledger_minor as opening_minor,
    balances.closing_minor - balances.ledger_minor + balances.moved_minor as expected_minor,
    balances.recognized_minor - balances.revenue_minor as recognition_delta_minor,
    -- deferred revenue is no monetary item: a revaluation in base currency alone misstates the books all the same
    balances.delta_minor = 0
    and abs(balances.remeasured_base_minor) > {{ tolerance_t2(
      'balances.remeasured_base_minor', '0', currency_exponent('balances.base_currency_code')
    ) }} as is_remeasured_in_base,
    cast({{ add_days(
      'coalesce(calendar.end_date, ' ~ add_days(next_month_start(period_start('balances.period')), -1) ~ ')', 1
    ) }} as timestamp) as due_at,
    untested.deferred_reason as untested_reason
  from balances
  left join {{ ref('accounting_period') }} as calendar
    on
      calendar.source_instance = balances.source_instance
      and calendar.legal_entity_code = balances.legal_entity_code
      and calendar.period = balances.period
  left join {{ ref('revenue_cell_not_testable') }} as untested
    on
      untested.source_instance = balances.source_instance
      and untested.legal_entity_code = balances.legal_entity_code
      and untested.currency_code = balances.currency_code
      and untested.period = balances.period
),

explained as (
  select
    *,
    case
      when is_remeasured_in_base then 'base'
      when delta_minor = 0 then 'same'
      when unsupported_minor <> 0 and delta_minor = -unsupported_minor then 'unsupported'
      when recognition_delta_minor <> 0 and delta_minor = recognition_delta_minor then 'recognition'
      when unsupported_minor <> 0 then 'unsupported'
      when recognition_delta_minor <> 0 then 'recognition'
      else 'document'
    end as finding
  from judged
),

compared as (
  select
    source_instance,
    legal_entity_code || '|' || currency_code || '|' || period as match_key,
    legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    case when finding = 'base' then base_currency_code else currency_code end as currency_code,
    period,
    case when finding = 'base' then 0 else expected_minor end as left_value,
    case when finding = 'base' then remeasured_base_minor else closing_minor end as right_value,
    case when finding = 'base' then -remeasured_base_minor else delta_minor end as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    finding = 'base' as has_fault,
    case finding when 'same' then null when 'recognition' then 'R30' else 'C06' end as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    'Deferred revenue of ' || legal_entity_code || ' in ' || currency_code || ', ' || period || ': opening '
    || {{ money_words('opening_minor', 'currency_code') }} || ', billed '
    || {{ money_words('billed_minor', 'currency_code') }} || ', credited and reversed '
    || {{ money_words('changed_minor', 'currency_code') }} || ', recognized '
    || {{ money_words('recognized_minor', 'currency_code') }} || ' make '
    || {{ money_words('expected_minor', 'currency_code') }} || '; the ledger closes at '
    || {{ money_words('closing_minor', 'currency_code') }} || case finding
      when 'base'
        then
          ', and ' || {{ listed("coalesce(journal_ids, '')", 'journal') }} || ' remeasured it by '
          || {{ money_words('remeasured_base_minor', 'base_currency_code') }}
          || ': deferred revenue is no monetary item and stays at the rate of its invoice'
      when 'unsupported'
        then
          ': ' || {{ listed("coalesce(journal_ids, '')", 'journal') }} || ' moved it by '
          || {{ money_words('unsupported_minor', 'currency_code') }} || ' without a document or schedule'
          || case
            when delta_minor + unsupported_minor = 0 then ''
            else
              '; ' || {{ money_words('delta_minor + unsupported_minor', 'currency_code') }}
              || ' of the difference remains unexplained'
          end
      when 'recognition'
        then
          ': the ledger recognized ' || {{ money_words('revenue_minor', 'currency_code') }}
          || ', schedules and prepaid grants say ' || {{ money_words('recognized_minor', 'currency_code') }}
          || case
            when missed_rows > 0
              then
                '; ' || {{ counted('missed_rows', 'row') }} || ' of schedules over '
                || {{ money_words('-missed_minor', 'currency_code') }}
                || ' are still planned although the period has ended'
            else ''
          end
      when 'document' then ': documents and their journals moved it by different amounts'
      else ''
    end as reason,
    'Not tested: ' || untested_reason as not_testable_reason,
    'deferred_movement:' || legal_entity_code || '|' || currency_code || '|' || period as left_ref,
    coalesce('journal_line:' || journal_ids, 'gl_account:deferred_revenue') as right_ref,
    due_at,
    {{ tolerance_t2('expected_minor', 'closing_minor', currency_exponent('currency_code')) }} as tolerance_minor
  from explained
)
{{ reconcile('compared', code='R31', tolerance='T2', provisional=true, domains=['erp']) }}
