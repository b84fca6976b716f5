-- One row per measure, entity, currency and period of origin: how soon is a difference seen, and how old do they grow?
{% set measure = [
  'kpi', 'legal_entity_code', 'currency_code', 'period', 'numerator', 'denominator', 'scale', 'formula', 'reason',
] %}
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

results as (
  select code, source_instance, match_key, due_at from {{ ref('reconciliation_results') }} where status = 'break'
),

opened as (
  select
    found.legal_entity_code, found.currency_code, found.period, found.due_at as resolve_by, found.first_seen_at,
    parameters.as_of,
    coalesce(
      results.due_at,
      cast(
        coalesce(
          {{ add_days('calendar.last_date', 1) }}, {{ next_month_start(period_start('found.period')) }}
        ) as timestamp
      )
    ) as detectable_at,
    cast(
      coalesce(
        {{ add_days('calendar.last_date', 1) }}, {{ next_month_start(period_start('found.period')) }}
      ) as timestamp
    ) as period_end_at
  from {{ ref('exceptions') }} as found
  cross join parameters
  inner join results
    on
      results.code = found.code
      and results.source_instance = found.source_instance
      and results.match_key = found.match_key
  -- a label says no date: its entity's calendar does
  left join {{ ref('entity_period') }} as calendar
    on
      calendar.is_company_wide
      and calendar.legal_entity_code = found.legal_entity_code
      and calendar.period = found.period
),

aged as (
  select
    legal_entity_code, currency_code, period, resolve_by, as_of,
    {{ int_div(hours_between('first_seen_at', 'as_of'), 24) }} as first_seen_days,
    greatest({{ int_div(hours_between('period_end_at', 'as_of'), 24) }}, 0) as origin_days,
    greatest({{ hours_between('detectable_at', 'first_seen_at') }}, 0) as detect_hours
  from opened
),

detected as (
  select
    legal_entity_code, currency_code, period, detect_hours,
    row_number() over (partition by legal_entity_code, currency_code, period order by detect_hours) as position,
    count(*) over (partition by legal_entity_code, currency_code, period) as exceptions
  from aged
  where detect_hours is not null
),

detect_median as (
  select
    'time_to_detect_hours_median' as kpi, legal_entity_code, currency_code, period,
    min(detect_hours) as numerator,
    1 as denominator, 1 as scale,
    'hours from due, else from the end of the period, to the first run that saw it: half do not exceed it'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from detected
  where position * 100 >= exceptions * 50
  group by legal_entity_code, currency_code, period
),

detect_p90 as (
  select
    'time_to_detect_hours_p90' as kpi, legal_entity_code, currency_code, period,
    min(detect_hours) as numerator,
    1 as denominator, 1 as scale,
    'hours from due, else from the end of the period, to the first run that saw it: 90 % do not exceed it'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from detected
  where position * 100 >= exceptions * 90
  group by legal_entity_code, currency_code, period
),

overdue as (
  select
    'sla_breach_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where resolve_by < as_of) as numerator,
    count(*) as denominator, 100 as scale,
    'open exceptions past the clock of their severity / open exceptions with such a clock'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from aged
  where resolve_by is not null
  group by legal_entity_code, currency_code, period
),

age_first_seen_0_1 as (
  select
    'ageing_first_seen_0_1_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where first_seen_days between 0 and 1) as numerator,
    count(*) as denominator, 100 as scale,
    'open exceptions that are 0 to 1 days old since first seen / those with that date'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from aged
  where first_seen_days is not null
  group by legal_entity_code, currency_code, period
),

age_first_seen_2_7 as (
  select
    'ageing_first_seen_2_7_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where first_seen_days between 2 and 7) as numerator,
    count(*) as denominator, 100 as scale,
    'open exceptions that are 2 to 7 days old since first seen / those with that date'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from aged
  where first_seen_days is not null
  group by legal_entity_code, currency_code, period
),

age_first_seen_8_30 as (
  select
    'ageing_first_seen_8_30_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where first_seen_days between 8 and 30) as numerator,
    count(*) as denominator, 100 as scale,
    'open exceptions that are 8 to 30 days old since first seen / those with that date'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from aged
  where first_seen_days is not null
  group by legal_entity_code, currency_code, period
),

age_first_seen_31_60 as (
  select
    'ageing_first_seen_31_60_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where first_seen_days between 31 and 60) as numerator,
    count(*) as denominator, 100 as scale,
    'open exceptions that are 31 to 60 days old since first seen / those with that date'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from aged
  where first_seen_days is not null
  group by legal_entity_code, currency_code, period
),

age_first_seen_61_90 as (
  select
    'ageing_first_seen_61_90_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where first_seen_days between 61 and 90) as numerator,
    count(*) as denominator, 100 as scale,
    'open exceptions that are 61 to 90 days old since first seen / those with that date'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from aged
  where first_seen_days is not null
  group by legal_entity_code, currency_code, period
),

age_first_seen_over_90 as (
  select
    'ageing_first_seen_over_90_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where first_seen_days > 90) as numerator,
    count(*) as denominator, 100 as scale,
    'open exceptions that are more than 90 days old since first seen / those with that date'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from aged
  where first_seen_days is not null
  group by legal_entity_code, currency_code, period
),

age_origin_0_1 as (
  select
    'ageing_origin_0_1_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where origin_days between 0 and 1) as numerator,
    count(*) as denominator, 100 as scale,
    'open exceptions that are 0 to 1 days old since the end of the period of origin / those with that date'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from aged
  where origin_days is not null
  group by legal_entity_code, currency_code, period
),

age_origin_2_7 as (
  select
    'ageing_origin_2_7_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where origin_days between 2 and 7) as numerator,
    count(*) as denominator, 100 as scale,
    'open exceptions that are 2 to 7 days old since the end of the period of origin / those with that date'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from aged
  where origin_days is not null
  group by legal_entity_code, currency_code, period
),

age_origin_8_30 as (
  select
    'ageing_origin_8_30_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where origin_days between 8 and 30) as numerator,
    count(*) as denominator, 100 as scale,
    'open exceptions that are 8 to 30 days old since the end of the period of origin / those with that date'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from aged
  where origin_days is not null
  group by legal_entity_code, currency_code, period
),

age_origin_31_60 as (
  select
    'ageing_origin_31_60_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where origin_days between 31 and 60) as numerator,
    count(*) as denominator, 100 as scale,
    'open exceptions that are 31 to 60 days old since the end of the period of origin / those with that date'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from aged
  where origin_days is not null
  group by legal_entity_code, currency_code, period
),

age_origin_61_90 as (
  select
    'ageing_origin_61_90_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where origin_days between 61 and 90) as numerator,
    count(*) as denominator, 100 as scale,
    'open exceptions that are 61 to 90 days old since the end of the period of origin / those with that date'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from aged
  where origin_days is not null
  group by legal_entity_code, currency_code, period
),

age_origin_over_90 as (
  select
    'ageing_origin_over_90_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where origin_days > 90) as numerator,
    count(*) as denominator, 100 as scale,
    'open exceptions that are more than 90 days old since the end of the period of origin / those with that date'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from aged
  where origin_days is not null
  group by legal_entity_code, currency_code, period
)

{% for part in [
  'detect_median', 'detect_p90', 'overdue', 'age_first_seen_0_1', 'age_first_seen_2_7', 'age_first_seen_8_30',
  'age_first_seen_31_60', 'age_first_seen_61_90', 'age_first_seen_over_90', 'age_origin_0_1', 'age_origin_2_7',
  'age_origin_8_30', 'age_origin_31_60', 'age_origin_61_90', 'age_origin_over_90',
] %}
select {{ measure | join(', ') }} from {{ part }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
