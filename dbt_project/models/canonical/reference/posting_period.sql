-- One row per legal entity, accounting period and span of time: into which period is posted what belongs to the period
-- by its day and becomes final within the span? Its own until it is hard closed, then the next one that is not; null
-- where every later one is. An adjustment period lies within another one: a day belongs to the first that holds it.
{%- set never = "timestamp '9999-12-31 00:00:00'" %}
{%- set always = "timestamp '0001-01-01 00:00:00'" %}
with periods as (
  select
    source_instance,
    legal_entity_code,
    period,
    start_date,
    end_date,
    case when status = 'hard_closed' then coalesce(closed_at, updated_at) else {{ never }} end as closes_at,
    max(end_date) over (
      partition by source_instance, legal_entity_code
      order by period
      rows between unbounded preceding and 1 preceding
    ) as held_until
  from {{ ref('accounting_period') }}
),

-- in their order; each takes what none before it took any more, until it is closed itself
takers as (
  select
    periods.*,
    taking.period as taking_period,
    taking.end_date as taking_end_date,
    max(taking.closes_at) over (
      partition by periods.source_instance, periods.legal_entity_code, periods.period
      order by taking.start_date, taking.period
      rows between unbounded preceding and 1 preceding
    ) as final_from,
    taking.closes_at as final_until
  from periods
  inner join periods as taking
    on
      taking.source_instance = periods.source_instance
      and taking.legal_entity_code = periods.legal_entity_code
      and (taking.period = periods.period or taking.start_date > periods.end_date)
),

spans as (
  select
    source_instance, legal_entity_code, period, start_date, end_date, held_until, closes_at, taking_period,
    taking_end_date, coalesce(final_from, {{ always }}) as final_from, final_until
  from takers
  where final_from is null or final_from < final_until
  union all
  select
    source_instance, legal_entity_code, period, start_date, end_date, held_until, closes_at,
    cast(null as {{ dbt.type_string() }}) as taking_period, cast(null as date) as taking_end_date,
    max(final_until) as final_from, {{ never }} as final_until
  from takers
  group by source_instance, legal_entity_code, period, start_date, end_date, held_until, closes_at
  having max(final_until) < {{ never }}
)

select
  source_instance,
  legal_entity_code,
  period,
  case when held_until >= start_date then {{ add_days('held_until', 1) }} else start_date end as first_date,
  end_date as last_date,
  case when closes_at < {{ never }} then closes_at end as hard_closed_at,
  final_from,
  final_until,
  taking_period,
  taking_end_date
from spans
