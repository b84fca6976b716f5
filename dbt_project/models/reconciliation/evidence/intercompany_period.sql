-- One row per two legal entities that book against each other and period of the second: in which period of the first
-- does it lie? Their labels are each entity's own, so the days decide: the period with which it shares most of them.
with calendar as (
  select * from {{ ref('accounting_period') }}
),

pairs as (
  select distinct
    least(legal_entity_code, counterparty_entity_code) as first_entity_code,
    greatest(legal_entity_code, counterparty_entity_code) as second_entity_code
  from {{ ref('journal_line') }}
  where counterparty_entity_code <> legal_entity_code
),

overlapping as (
  select
    pairs.first_entity_code,
    pairs.second_entity_code,
    first_calendar.source_instance as first_instance,
    second_calendar.source_instance as second_instance,
    first_calendar.period,
    second_calendar.period as second_period,
    second_calendar.end_date as second_end_date,
    {{ days_between(
      'greatest(first_calendar.start_date, second_calendar.start_date)',
      'least(first_calendar.end_date, second_calendar.end_date)'
    ) }} as shared_days,
    first_calendar.start_date = second_calendar.start_date and first_calendar.end_date = second_calendar.end_date
      as is_same_span
  from pairs
  inner join calendar as first_calendar on first_calendar.legal_entity_code = pairs.first_entity_code
  inner join calendar as second_calendar
    on
      second_calendar.legal_entity_code = pairs.second_entity_code
      and second_calendar.start_date <= first_calendar.end_date
      and second_calendar.end_date >= first_calendar.start_date
),

-- an adjustment period lies within another one: the same span goes before the same label
ranked as (
  select
    *,
    row_number() over (
      partition by first_entity_code, second_entity_code, first_instance, second_instance, second_period
      order by
        -shared_days,
        case when is_same_span then 0 else 1 end,
        case when period = second_period then 0 else 1 end,
        period
    ) as preference
  from overlapping
)

select
  first_entity_code,
  second_entity_code,
  first_instance,
  second_instance,
  second_period,
  second_end_date,
  period
from ranked
where preference = 1
