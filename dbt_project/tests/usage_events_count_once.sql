-- If this fails, an event was lost or billed twice: of an event id that was delivered several times not exactly one
-- delivery counts, or the days of a month hold other events than were delivered for it. That no repeat was overlooked
-- is asked on the outcome, of all ids.
{{ config(meta={"dagster": {"ref": {"name": "usage_day"}}}) }}
with repeats as (
  select * from {{ ref('usage_repeat') }}
),

counted as (
  select
    repeats.source_instance,
    repeats.event_id,
    count(*) filter (where found.is_counted) as times
  from repeats
  left join {{ ref('usage_repeat_counted') }} as found
    on
      found.source_instance = repeats.source_instance
      and found.batch_id = repeats.batch_id
      and found.row_number = repeats.row_number
  group by repeats.source_instance, repeats.event_id
),

delivered as (
  select source_instance, service_month, cast(sum(event_count) as bigint) as events
  from {{ ref('usage_delivery') }}
  group by source_instance, service_month
  union all
  select source_instance, {{ month_start('occurred_at') }} as service_month, -count(*) as events
  from repeats
  where copy_number > 1
  group by source_instance, {{ month_start('occurred_at') }}
  union all
  select source_instance, service_month, -cast(sum(event_count) as bigint) as events
  from {{ ref('usage_day') }}
  group by source_instance, service_month
)

select source_instance, event_id, times as events from counted where times <> 1
union all
select
  source_instance,
  'all events of ' || {{ month_key('service_month') }} || ', delivered less counted' as event_id,
  cast(sum(events) as bigint) as events
from delivered
group by source_instance, service_month
having sum(events) <> 0
