-- One row per measure, entity, currency and period: how long does a close take, how fast is money collected and
-- applied, and how much is entered by hand?
{% set measure = [
  'kpi', 'legal_entity_code', 'currency_code', 'period', 'numerator', 'denominator', 'scale', 'formula', 'reason',
] %}
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

calendar as (
  select * from {{ ref('entity_period') }} where is_company_wide
),

applied as (
  select source_instance, receipt_id, sum(amount_minor) as amount_minor
  from {{ ref('cash_application') }}
  group by source_instance, receipt_id
),

receipts as (
  select
    receipts.legal_entity_code, receipts.currency_code,
    {{ period_of('calendar.period', 'receipts.received_date') }} as period,
    receipts.amount_minor, coalesce(applied.amount_minor, 0) as applied_minor
  from {{ ref('cash_receipt') }} as receipts
  left join applied
    on applied.source_instance = receipts.source_instance and applied.receipt_id = receipts.receipt_id
  left join calendar
    on
      calendar.legal_entity_code = receipts.legal_entity_code
      and receipts.received_date between calendar.first_date and calendar.last_date
  where receipts.amount_minor > 0 and not {{ is_void_receipt('receipts.status') }}
),

billed as (
  select
    invoices.legal_entity_code, invoices.currency_code, policy.origin_period as period,
    sum(invoices.total_amount_minor) as amount_minor
  from {{ ref('invoice') }} as invoices
  inner join {{ ref('posting_policy') }} as policy
    on
      policy.source_instance = invoices.source_instance
      and policy.key = invoices.invoice_id
      and policy.object = 'invoice'
  where invoices.is_live
  group by invoices.legal_entity_code, invoices.currency_code, policy.origin_period
),

balances as (
  select legal_entity_code, currency_code, period, sum(subledger_balance_minor) as balance_minor
  from {{ ref('receivable_cell') }}
  group by legal_entity_code, currency_code, period
),

entries as (
  select distinct
    journals.legal_entity_code, journals.currency_code, journals.period, journals.source_instance, journals.journal_id
  from {{ ref('journal_line') }} as journals
  inner join {{ ref('gl_account') }} as accounts
    on accounts.source_instance = journals.source_instance and accounts.account_number = journals.account_number
  where journals.source = 'manual' and accounts.control in ('receivable', 'deferred_revenue', 'revenue')
),

periods as (
  select
    legal_entity_code, period, end_date, closed_at, cast({{ add_days('end_date', 1) }} as timestamp) as ended_at
  from {{ ref('accounting_period') }}
),

ended as (
  select
    periods.legal_entity_code, cast(null as {{ dbt.type_string() }}) as currency_code, periods.period,
    case
      when periods.closed_at is not null
        then {{ int_div(hours_between('periods.ended_at', 'periods.closed_at'), 24) }}
    end as days
  from periods
  cross join parameters
  where periods.end_date < {{ utc_date('parameters.as_of') }}
),

unapplied as (
  select
    'unapplied_cash_percent' as kpi, legal_entity_code, currency_code, period,
    sum(amount_minor - applied_minor) as numerator,
    sum(amount_minor) as denominator, 100 as scale,
    'cash received in the month and not applied at as_of / cash received in the month, minor units'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from receipts
  group by legal_entity_code, currency_code, period
),

days_outstanding as (
  select
    'days_sales_outstanding' as kpi, balances.legal_entity_code, balances.currency_code, balances.period,
    balances.balance_minor as numerator,
    billed.amount_minor as denominator, 30 as scale,
    'receivable subledger at the end of the period / billings of the period with tax x 30 days, minor units'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from balances
  inner join billed
    on
      billed.legal_entity_code = balances.legal_entity_code
      and billed.currency_code = balances.currency_code
      and billed.period = balances.period
),

manual_journals as (
  select
    'manual_journals' as kpi, legal_entity_code, currency_code, period,
    count(*) as numerator,
    1 as denominator, 1 as scale,
    'manual journals on receivable, deferred revenue and revenue accounts, count'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from entries
  group by legal_entity_code, currency_code, period
),

days_to_close as (
  select
    'days_to_close' as kpi, legal_entity_code, currency_code, period,
    days as numerator,
    1 as denominator, 1 as scale,
    'whole days from the end of a period to its close'
      as formula,
    case when days is null then 'The period has ended and is not closed' end as reason
  from ended
)

{% for part in [
  'unapplied', 'days_outstanding', 'manual_journals', 'days_to_close',
] %}
select {{ measure | join(', ') }} from {{ part }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
