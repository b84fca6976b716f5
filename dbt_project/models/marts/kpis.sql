-- One row per measure, legal entity, currency and period: how well does the chain from usage to cash run? Numerator and
-- denominator are whole numbers (counts, hours, days, minor units): `formula` says which, `reason` why there is none.
with measured as (
  {% for part in [
    'kpi_matching', 'kpi_bridge', 'kpi_posting', 'kpi_usage', 'kpi_close', 'kpi_exceptions', 'kpi_interface',
    'kpi_traceability', 'kpi_replay', 'kpi_not_measured',
  ] %}
  select
    kpi, legal_entity_code, currency_code, period, cast(numerator as {{ whole() }}) as numerator,
    cast(denominator as {{ whole() }}) as denominator, cast(scale as {{ whole() }}) * 1000000000 as scale, formula,
    reason
  from {{ ref(part) }}
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
  formula,
  case
    when reason is not null then reason
    when denominator = 0 then 'Nothing to divide by: the denominator is zero'
  end as reason
from measured
