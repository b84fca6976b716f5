-- One row per legal entity, currency and accounting period: does the general ledger carry as unbilled receivable what
-- was used in ended months and not invoiced by the period's last day?
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

usage as (
  select
    erp_instance as source_instance,
    legal_entity_code,
    currency_code,
    period,
    cast(sum(value_minor) as bigint) as value_minor,
    count(distinct case when value_minor <> 0 then subscription_id end) as subscriptions,
    min(case when value_minor <> 0 then service_month end) as first_month,
    min(untestable_reason) as untestable_reason
  from {{ ref('unbilled_usage') }}
  group by erp_instance, legal_entity_code, currency_code, period
),

accounts as (
  select source_instance, account_number from {{ ref('gl_account') }} where control = 'unbilled'
),

movements as (
  select
    journals.source_instance,
    journals.legal_entity_code,
    journals.currency_code,
    journals.period,
    sum(journals.debit_minor - journals.credit_minor) as amount_minor,
    {{ joined_text("case when journals.source = 'manual' then journals.journal_id end") }} as manual_journals
  from {{ ref('journal_line') }} as journals
  inner join accounts
    on accounts.source_instance = journals.source_instance and accounts.account_number = journals.account_number
  group by journals.source_instance, journals.legal_entity_code, journals.currency_code, journals.period
),

-- a soft close ends the time to accrue; a period left open is due when the next one has ended
calendar as (
  select
    *,
    lead(end_date) over (partition by source_instance, legal_entity_code order by start_date) as next_end_date
  from {{ ref('accounting_period') }}
),

periods as (
  select
    source_instance,
    legal_entity_code,
    period,
    start_date,
    end_date,
    greatest(
      cast({{ add_days('end_date', 1) }} as timestamp),
      case
        when status in ('soft_closed', 'hard_closed')
          then coalesce(closed_at, cast({{ add_days('end_date', 1) }} as timestamp))
        else cast({{ add_days('coalesce(next_end_date, ' ~ add_months('end_date', 1) ~ ')', 1) }} as timestamp)
      end
    ) as due_at
  from calendar
),

pairs as (
  select source_instance, legal_entity_code, currency_code, min(period) as first_period
  from (
    select source_instance, legal_entity_code, currency_code, period from usage
    union all
    select source_instance, legal_entity_code, currency_code, period from movements
  ) as either_side
  group by source_instance, legal_entity_code, currency_code
),

cells as (
  select
    pairs.source_instance,
    pairs.legal_entity_code,
    pairs.currency_code,
    periods.period,
    periods.end_date,
    periods.due_at
  from pairs
  inner join periods
    on
      periods.source_instance = pairs.source_instance
      and periods.legal_entity_code = pairs.legal_entity_code
      and periods.period >= pairs.first_period
  cross join parameters
  where periods.start_date <= parameters.as_of
),

balances as (
  select
    cells.source_instance,
    cells.legal_entity_code,
    cells.currency_code,
    cells.period,
    cast(sum(movements.amount_minor) as bigint) as balance_minor,
    {{ joined_text('case when movements.period = cells.period then movements.manual_journals end') }} as manual_journals
  from cells
  inner join movements
    on
      movements.source_instance = cells.source_instance
      and movements.legal_entity_code = cells.legal_entity_code
      and movements.currency_code = cells.currency_code
      and movements.period <= cells.period
  group by cells.source_instance, cells.legal_entity_code, cells.currency_code, cells.period
),

-- a rejected journal line, or metered record, may be the very accrual, or usage, that is missing
rejected_journals as (
  select records.source_instance, records.legal_entity_code, records.currency_code, records.period, records.reason
  from {{ ref('untestable_record') }} as records
  left join accounts
    on accounts.source_instance = records.source_instance and accounts.account_number = records.account_number
  where
    records.domain = 'erp'
    and records.object = 'journal_lines'
    and (records.account_number is null or accounts.account_number is not null)
),

rejected_usage as (
  select
    links.linked_instance as source_instance,
    subscriptions.legal_entity_code,
    subscriptions.currency_code,
    {{ period_of('entity_calendar.period', 'rejected.service_month') }} as period,
    rejected.reason
  from {{ ref('usage_not_testable') }} as rejected
  inner join {{ source('config', 'instance_links') }} as links
    on links.source_instance = rejected.product_instance and links.domain = 'erp'
  left join {{ source('config', 'instance_links') }} as billing_links
    on billing_links.source_instance = rejected.product_instance and billing_links.domain = 'billing'
  left join {{ ref('subscription') }} as subscriptions
    on
      subscriptions.source_instance = billing_links.linked_instance
      and subscriptions.subscription_id = rejected.subscription_id
  left join {{ ref('entity_period') }} as entity_calendar
    on
      entity_calendar.source_instance = links.linked_instance
      and entity_calendar.legal_entity_code = subscriptions.legal_entity_code
      and {{ month_end('rejected.service_month') }} between entity_calendar.first_date and entity_calendar.last_date
  where rejected.is_metered
),

rejected as (
  select
    source_instance,
    legal_entity_code,
    currency_code,
    period,
    'a journal line ' || reason as reason,
    true as carries
  from rejected_journals
  union all
  select source_instance, legal_entity_code, currency_code, period, reason, false as carries from rejected_usage
),

blocked as (
  select
    cells.source_instance,
    cells.legal_entity_code,
    cells.currency_code,
    cells.period,
    min(rejected.reason) as reason
  from cells
  inner join rejected
    on
      rejected.source_instance = cells.source_instance
      and coalesce(rejected.legal_entity_code, cells.legal_entity_code) = cells.legal_entity_code
      and coalesce(rejected.currency_code, cells.currency_code) = cells.currency_code
      and (
        coalesce(rejected.period, cells.period) = cells.period
        or (rejected.carries and rejected.period < cells.period)
      )
  group by cells.source_instance, cells.legal_entity_code, cells.currency_code, cells.period
),

measured as (
  select
    cells.*,
    coalesce(usage.value_minor, 0) as usage_minor,
    coalesce(balances.balance_minor, 0) as ledger_minor,
    coalesce(usage.subscriptions, 0) as subscriptions,
    usage.first_month,
    balances.manual_journals,
    coalesce(usage.untestable_reason, blocked.reason) as untestable,
    {{ currency_exponent('cells.currency_code') }} as exponent
  from cells
  left join usage
    on
      usage.source_instance = cells.source_instance
      and usage.legal_entity_code = cells.legal_entity_code
      and usage.currency_code = cells.currency_code
      and usage.period = cells.period
  left join balances
    on
      balances.source_instance = cells.source_instance
      and balances.legal_entity_code = cells.legal_entity_code
      and balances.currency_code = cells.currency_code
      and balances.period = cells.period
  left join blocked
    on
      blocked.source_instance = cells.source_instance
      and blocked.legal_entity_code = cells.legal_entity_code
      and blocked.currency_code = cells.currency_code
      and blocked.period = cells.period
),

compared as (
  select
    source_instance,
    legal_entity_code || '|' || currency_code || '|' || period as match_key,
    legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    currency_code,
    period,
    usage_minor as left_value,
    ledger_minor as right_value,
    usage_minor - ledger_minor as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    false as has_fault,
    'missing accrual' as cause_code,
    'accounting_control' as failure_class,
    'Usage of ' || {{ counted('subscriptions', 'subscription') }}
    || coalesce(' since ' || {{ month_key('first_month') }}, '') || ' that no invoice held on ' || end_date
    || ' is worth ' || {{ money_words('usage_minor', 'currency_code') }}
    || ' at contract terms; the unbilled receivable of ' || legal_entity_code || ' stands at '
    || {{ money_words('ledger_minor', 'currency_code') }} || ': '
    || case
      when usage_minor > ledger_minor
        then {{ money_words('usage_minor - ledger_minor', 'currency_code') }} || ' were not accrued as revenue'
      else
        {{ money_words('ledger_minor - usage_minor', 'currency_code') }}
        || ' stand there although nothing unbilled is behind them: accrued too much, or not reversed when it was billed'
    end
    || coalesce('; ' || {{ listed('manual_journals', 'manual journal') }} || ' moved the account', '') || '.' as reason,
    case when untestable is not null then 'Not tested: ' || untestable end as not_testable_reason,
    'unbilled_usage:' || legal_entity_code || '|' || currency_code || '|' || period as left_ref,
    'gl_balance:unbilled|' || legal_entity_code || '|' || currency_code || '|' || period as right_ref,
    due_at,
    {{ tolerance_t2('usage_minor', 'ledger_minor', 'exponent') }} as tolerance_minor
  from measured
)

{{ reconcile('compared', code='R08', tolerance='T2', provisional=true, domains=['product', 'billing', 'erp']) }}
