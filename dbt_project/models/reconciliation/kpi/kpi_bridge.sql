-- One row per measure, entity, currency and period in which the service begins: how much of what was expected was never
-- billed, how much was billed without being owed, and how much does nothing explain? Never one net of the other.
{% set measure = [
  'kpi', 'legal_entity_code', 'currency_code', 'period', 'numerator', 'denominator', 'scale', 'formula', 'reason',
] %}
{% set leaks = [
  'A01', 'A03', 'A05', 'A06', 'A07', 'A08', 'B01', 'B02', 'B03', 'B04', 'B05', 'B06', 'B07', 'B08', 'B09', 'B10', 'B14',
] %}
with calendar as (
  select * from {{ ref('entity_period') }} where is_company_wide
),

cells as (
  select
    parts.legal_entity_code, parts.currency_code,
    {{ period_of('calendar.period', 'parts.service_period_start') }} as period,
    sum(parts.expected_minor) as expected_minor, sum(parts.billed_minor) as billed_minor
  from {{ ref('bridge_cells') }} as parts
  left join calendar
    on
      calendar.legal_entity_code = parts.legal_entity_code
      and parts.service_period_start between calendar.first_date and calendar.last_date
  group by
    parts.legal_entity_code, parts.currency_code,
    {{ period_of('calendar.period', 'parts.service_period_start') }}
),

causes as (
  select
    parts.legal_entity_code, parts.currency_code,
    {{ period_of('calendar.period', 'parts.service_period_start') }} as period,
    sum(case when parts.cause_code like '_99' then abs(parts.amount_minor) else 0 end) as unexplained_minor,
    sum(case when parts.cause_code like '_99' then parts.amount_minor else 0 end) as unexplained_net_minor,
    sum(
      case
        when
          parts.cause_code in ({{ "'" ~ leaks | join("', '") ~ "'" }})
          and parts.nature = 'error'
          and parts.amount_minor > 0
          then parts.amount_minor
        else 0
      end
    ) as leakage_minor,
    sum(
      case
        when parts.leg in ('A', 'B') and parts.nature = 'error' and parts.amount_minor < 0 then -parts.amount_minor
        else 0
      end
    ) as overbilling_minor
  from {{ ref('bridge_allocation') }} as parts
  left join calendar
    on
      calendar.legal_entity_code = parts.legal_entity_code
      and parts.service_period_start between calendar.first_date and calendar.last_date
  group by
    parts.legal_entity_code, parts.currency_code,
    {{ period_of('calendar.period', 'parts.service_period_start') }}
),

joined as (
  select
    cells.legal_entity_code, cells.currency_code, cells.period, cells.expected_minor, cells.billed_minor,
    coalesce(causes.unexplained_minor, 0) as unexplained_minor,
    coalesce(causes.unexplained_net_minor, 0) as unexplained_net_minor,
    coalesce(causes.leakage_minor, 0) as leakage_minor,
    coalesce(causes.overbilling_minor, 0) as overbilling_minor
  from cells
  left join causes
    on
      causes.legal_entity_code is not distinct from cells.legal_entity_code
      and causes.currency_code = cells.currency_code
      and causes.period is not distinct from cells.period
),

unexplained as (
  select
    'unexplained_percent' as kpi, legal_entity_code, currency_code, period,
    unexplained_minor as numerator,
    billed_minor as denominator, 100 as scale,
    'absolute residuals of all legs of the bridge (x99) / billings without tax, minor units'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from joined
),

unexplained_net as (
  select
    'unexplained_net_percent' as kpi, legal_entity_code, currency_code, period,
    unexplained_net_minor as numerator,
    billed_minor as denominator, 100 as scale,
    'net residuals of all legs of the bridge (x99) / billings without tax, minor units'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from joined
),

leakage_gross as (
  select
    'leakage_gross_percent' as kpi, legal_entity_code, currency_code, period,
    leakage_minor as numerator,
    expected_minor as denominator, 100 as scale,
    'positive A01, A03, A05-A08, B01-B10, B14 that are due / expected, minor units; never net of over-billing'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from joined
),

leakage_open as (
  select
    'leakage_open_percent' as kpi, legal_entity_code, currency_code, period,
    leakage_minor as numerator,
    expected_minor as denominator, 100 as scale,
    'leakage that is unbilled at as_of / expected, minor units; what was billed since is no difference any more'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from joined
),

overbilling as (
  select
    'over_billing_percent' as kpi, legal_entity_code, currency_code, period,
    overbilling_minor as numerator,
    expected_minor as denominator, 100 as scale,
    'negative errors of capture and billing, without sign / expected, minor units'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from joined
)

{% for part in [
  'unexplained', 'unexplained_net', 'leakage_gross', 'leakage_open', 'overbilling',
] %}
select {{ measure | join(', ') }} from {{ part }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
