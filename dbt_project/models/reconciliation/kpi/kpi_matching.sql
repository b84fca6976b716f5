-- One row per measure, entity, currency and period: how much ties out by itself, and how many documents do not?
{% set measure = [
  'kpi', 'legal_entity_code', 'currency_code', 'period', 'numerator', 'denominator', 'scale', 'formula', 'reason',
] %}
with results as (
  select * from {{ ref('reconciliation_results') }} where legal_entity_code is not null and period is not null
),

tested as (
  select * from results where status not in ('not_testable', 'timing')
),

matched as (
  select
    'auto_match_count_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where status in ('matched', 'in_tolerance')) as numerator,
    count(*) as denominator, 100 as scale,
    'results matched or in tolerance / results that could be tested and were due'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from tested
  group by legal_entity_code, currency_code, period
),

matched_value as (
  select
    'auto_match_value_percent' as kpi, legal_entity_code, currency_code, period,
    sum(case when status in ('matched', 'in_tolerance') then abs(left_value) else 0 end) as numerator,
    sum(abs(left_value)) as denominator, 100 as scale,
    'left side of documents (R14, R16, R24) matched or in tolerance / that of all tested, minor units'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from tested
  where code in ('R14', 'R16', 'R24')
  group by legal_entity_code, currency_code, period
),

invoice_exceptions as (
  select
    'invoice_exception_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where status = 'break') as numerator,
    count(*) as denominator, 100 as scale,
    'invoices with a break in R14 / invoices tested by R14'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from tested
  where code = 'R14'
  group by legal_entity_code, currency_code, period
),

double_postings as (
  select
    'duplicate_posting_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where status = 'break' and cause_code = 'C05') as numerator,
    count(*) as denominator, 100 as scale,
    'invoices posted more than once / invoices tested by R14'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from tested
  where code = 'R14'
  group by legal_entity_code, currency_code, period
),

double_invoices as (
  select
    'duplicate_invoice_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where status = 'break' and cause_code = 'B11') as numerator,
    count(*) as denominator, 100 as scale,
    'service periods invoiced more than once / service periods tested by R13'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from tested
  where code = 'R13'
  group by legal_entity_code, currency_code, period
)

{% for part in [
  'matched', 'matched_value', 'invoice_exceptions', 'double_postings', 'double_invoices',
] %}
select {{ measure | join(', ') }} from {{ part }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
