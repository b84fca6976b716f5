-- One row per measure, legal entity, currency and period: how well does the chain from invoice to cash run?
-- Numerator and denominator are whole numbers (counts, hours or minor units); `formula` says which.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

results as (
  select * from {{ ref('reconciliation_results') }} where legal_entity_code is not null and period is not null
),

tested as (
  select * from results where status not in ('not_testable', 'timing')
),

posted as (
  select billing_instance, external_id, min(created_at) as created_at
  from {{ ref('ar_document') }}
  where external_object = 'invoice' and document_type = 'invoice' and status <> 'reversed'
  group by billing_instance, external_id
),

billings as (
  select
    invoices.legal_entity_code,
    invoices.currency_code,
    policy.origin_period as period,
    invoices.source_instance,
    invoices.invoice_id,
    invoices.total_amount_minor,
    policy.due_at,
    policy.final_at,
    posted.created_at as posted_at,
    {{ hours_between('policy.final_at', 'coalesce(posted.created_at, parameters.as_of)') }} as lag_hours
  from {{ ref('invoice') }} as invoices
  cross join parameters
  inner join {{ ref('posting_policy') }} as policy
    on
      policy.source_instance = invoices.source_instance
      and policy.key = invoices.invoice_id
      and policy.object = 'invoice'
  left join posted
    on posted.billing_instance = invoices.source_instance and posted.external_id = invoices.invoice_id
  where invoices.is_live
),

matched as (
  select
    'auto_match_count_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where status in ('matched', 'in_tolerance')) as numerator, count(*) as denominator, 100 as scale,
    'results matched or in tolerance / results that could be tested and were due' as formula
  from tested
  group by legal_entity_code, currency_code, period
),

matched_value as (
  select
    'auto_match_value_percent' as kpi, legal_entity_code, currency_code, period,
    sum(case when status in ('matched', 'in_tolerance') then abs(left_value) else 0 end) as numerator,
    sum(abs(left_value)) as denominator, 100 as scale,
    'left side of documents (R14, R16, R24) matched or in tolerance / that of all tested, minor units' as formula
  from tested
  where code in ('R14', 'R16', 'R24')
  group by legal_entity_code, currency_code, period
),

billed as (
  select legal_entity_code, currency_code, period, count(*) as invoices, sum(total_amount_minor) as amount_minor
  from billings
  group by legal_entity_code, currency_code, period
),

breaks as (
  select legal_entity_code, currency_code, period, sum(abs(delta_minor)) as amount_minor
  from results
  where status = 'break' and (cause_code is null or cause_code like '_99')
  group by legal_entity_code, currency_code, period
),

unexplained as (
  select
    'unexplained_percent' as kpi, billed.legal_entity_code, billed.currency_code, billed.period,
    coalesce(max(breaks.amount_minor), 0) as numerator, max(billed.amount_minor) as denominator, 100 as scale,
    'absolute differences of breaks without a cause (none or x99) / billings with tax, minor units' as formula
  from billed
  left join breaks
    on
      breaks.legal_entity_code = billed.legal_entity_code
      and breaks.currency_code = billed.currency_code
      and breaks.period = billed.period
  group by billed.legal_entity_code, billed.currency_code, billed.period
),

invoice_exceptions as (
  select
    'invoice_exception_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where status = 'break') as numerator, count(*) as denominator, 100 as scale,
    'invoices with a break in R14 / invoices tested by R14' as formula
  from tested
  where code = 'R14'
  group by legal_entity_code, currency_code, period
),

double_postings as (
  select
    'duplicate_posting_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where status = 'break' and cause_code = 'C05') as numerator, count(*) as denominator, 100 as scale,
    'invoices posted more than once / invoices tested by R14' as formula
  from tested
  where code = 'R14'
  group by legal_entity_code, currency_code, period
),

completeness as (
  select
    'posting_completeness_percent' as kpi, billings.legal_entity_code, billings.currency_code, billings.period,
    count(*) filter (where billings.posted_at is not null) as numerator, count(*) as denominator, 100 as scale,
    'final invoices that are due and posted / final invoices that are due' as formula
  from billings
  cross join parameters
  where billings.due_at <= parameters.as_of
  group by billings.legal_entity_code, billings.currency_code, billings.period
),

in_time as (
  select
    'posting_sla_percent' as kpi, billings.legal_entity_code, billings.currency_code, billings.period,
    count(*) filter (where billings.posted_at <= billings.due_at) as numerator, count(*) as denominator, 100 as scale,
    'final invoices posted within Wp / final invoices that are due; unposted ones count as late' as formula
  from billings
  cross join parameters
  where billings.due_at <= parameters.as_of
  group by billings.legal_entity_code, billings.currency_code, billings.period
),

lags as (
  select
    legal_entity_code, currency_code, period, lag_hours,
    row_number() over (partition by legal_entity_code, currency_code, period order by lag_hours) as position,
    count(*) over (partition by legal_entity_code, currency_code, period) as invoices
  from billings
),

{% for share in [50, 95] %}
lag_p{{ share }} as (
  select
    'posting_lag_hours_p{{ share }}' as kpi, legal_entity_code, currency_code, period,
    min(lag_hours) as numerator, 1 as denominator, 1 as scale,
    'hours from final to posted that {{ share }} % of invoices do not exceed; unposted ones are still running'
      as formula
  from lags
  where position * 100 >= invoices * {{ share }}
  group by legal_entity_code, currency_code, period
),
{% endfor %}

applied as (
  select source_instance, receipt_id, sum(amount_minor) as amount_minor
  from {{ ref('cash_application') }}
  group by source_instance, receipt_id
),

receipts as (
  select
    receipts.legal_entity_code, receipts.currency_code, {{ month_key('receipts.received_date') }} as period,
    receipts.amount_minor, coalesce(applied.amount_minor, 0) as applied_minor
  from {{ ref('cash_receipt') }} as receipts
  left join applied
    on applied.source_instance = receipts.source_instance and applied.receipt_id = receipts.receipt_id
  where receipts.amount_minor > 0
),

unapplied as (
  select
    'unapplied_cash_percent' as kpi, legal_entity_code, currency_code, period,
    sum(amount_minor - applied_minor) as numerator, sum(amount_minor) as denominator, 100 as scale,
    'cash received in the month and not applied at as_of / cash received in the month, minor units' as formula
  from receipts
  group by legal_entity_code, currency_code, period
),

days_outstanding as (
  select
    'days_sales_outstanding' as kpi, cells.legal_entity_code, cells.currency_code, cells.period,
    sum(cells.subledger_balance_minor) as numerator, max(billed.amount_minor) as denominator, 30 as scale,
    'receivable subledger at the end of the period / billings of the period with tax x 30 days, minor units' as formula
  from {{ ref('receivable_cell') }} as cells
  inner join billed
    on
      billed.legal_entity_code = cells.legal_entity_code
      and billed.currency_code = cells.currency_code
      and billed.period = cells.period
  group by cells.legal_entity_code, cells.currency_code, cells.period
),

manual_journals as (
  select
    'manual_journals' as kpi, legal_entity_code, currency_code, period,
    count(distinct source_instance || '|' || journal_id) as numerator, 1 as denominator, 1 as scale,
    'manual journals on receivable accounts, count' as formula
  from {{ ref('receivable_ledger') }}
  where origin = 'manual'
  group by legal_entity_code, currency_code, period
),

measured as (
  {% for measure in [
    'matched', 'matched_value', 'unexplained', 'invoice_exceptions', 'double_postings', 'completeness', 'in_time',
    'lag_p50', 'lag_p95', 'unapplied', 'days_outstanding', 'manual_journals',
  ] %}
  select
    kpi, legal_entity_code, currency_code, period, cast(numerator as {{ whole() }}) as numerator,
    cast(denominator as {{ whole() }}) as denominator, cast(scale as {{ whole() }}) * 1000000000 as scale, formula
  from {{ measure }}
  {% if not loop.last %}union all{% endif %}
  {% endfor %}
)

select
  kpi,
  legal_entity_code,
  currency_code,
  period,
  cast(numerator as decimal(38, 0)) as numerator,
  cast(denominator as decimal(38, 0)) as denominator,
  {{ from_billionths(mul_div_round('numerator', 'scale', 'denominator')) }} as value,
  formula
from measured
