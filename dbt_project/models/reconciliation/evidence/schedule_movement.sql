-- One row per row of a revenue schedule and accounting period in which it has to move deferred revenue (more deferred
-- is positive): recognized; planned for a period that has ended, which is revenue that nobody booked; or reversed after
-- it had been recognized, which moves it there and back. A period that was hard closed by then takes nothing any more:
-- the next one that was open does.
{{ config(materialized='view') }}
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

calendar as (
  select * from {{ ref('posting_period') }}
),

journals as (
  select source_instance, journal_id, min(created_at) as created_at
  from {{ ref('journal_line') }}
  group by source_instance, journal_id
),

reversing as (
  select source_instance, reversal_of, min(period) as period
  from {{ ref('journal_line') }}
  where reversal_of is not null
  group by source_instance, reversal_of
),

-- the ledger takes back what was recognized in the period of the reversing journal, else when the row was reversed
schedules as (
  select
    rows_of_schedule.*,
    journals.journal_id is not null as is_booked,
    case
      when rows_of_schedule.status = 'planned' then rows_of_schedule.updated_at
      else coalesce(journals.created_at, rows_of_schedule.updated_at)
    end as final_at,
    coalesce(
      reversing.period, taken_back.taking_period, {{ month_key('rows_of_schedule.updated_at') }}
    ) as taken_back_period
  from {{ ref('revenue_schedule') }} as rows_of_schedule
  left join journals
    on
      journals.source_instance = rows_of_schedule.source_instance
      and journals.journal_id = rows_of_schedule.journal_id
  left join reversing
    on
      reversing.source_instance = rows_of_schedule.source_instance
      and reversing.reversal_of = rows_of_schedule.journal_id
  left join calendar as taken_back
    on
      taken_back.source_instance = rows_of_schedule.source_instance
      and taken_back.legal_entity_code = rows_of_schedule.legal_entity_code
      and {{ utc_date('rows_of_schedule.updated_at') }} between taken_back.first_date and taken_back.last_date
      and rows_of_schedule.updated_at >= taken_back.final_from
      and rows_of_schedule.updated_at < taken_back.final_until
),

-- of all rows those whose own period was hard closed when they were booked, or made
dated as (
  select
    schedules.*,
    coalesce(calendar.taking_period, schedules.period) as moving_period,
    cast({{ add_days(
      'coalesce(calendar.taking_end_date, calendar.last_date, '
      ~ add_days(add_months(period_start_beyond('schedules.period', 'last_period'), 1), -1) ~ ')', 1
    ) }} as timestamp) as ended_at
  from schedules
  left join calendar
    on
      calendar.source_instance = schedules.source_instance
      and calendar.legal_entity_code = schedules.legal_entity_code
      and calendar.period = schedules.period
      and schedules.final_at >= calendar.final_from
      and schedules.final_at < calendar.final_until
  left join {{ ref('last_period') }} as last_period
    on
      last_period.source_instance = schedules.source_instance
      and last_period.legal_entity_code = schedules.legal_entity_code
)

select
  dated.source_instance,
  dated.schedule_id,
  case when dated.status = 'planned' then 'missed' else 'recognized' end as kind,
  dated.legal_entity_code,
  dated.currency_code,
  dated.moving_period as period,
  -dated.amount_minor as amount_minor
from dated
cross join parameters
where
  dated.status = 'recognized'
  or (dated.status = 'reversed' and dated.is_booked)
  or (dated.status = 'planned' and dated.ended_at <= parameters.as_of)
union all
select
  source_instance,
  schedule_id,
  'taken back' as kind,
  legal_entity_code,
  currency_code,
  taken_back_period as period,
  amount_minor
from dated
where status = 'reversed' and is_booked
