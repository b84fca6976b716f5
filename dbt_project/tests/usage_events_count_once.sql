-- If this fails, an event was lost or billed twice: an event id that was delivered several times counts other than
-- once, or the days hold other events than were delivered.
{{ config(meta={"dagster": {"ref": {"name": "usage_day"}}}) }}
with repeated as (
  select distinct source_instance, event_id from {{ ref('usage_repeat') }}
),

counted as (
  select
    repeated.source_instance,
    repeated.event_id,
    count(events.event_id) as times
  from repeated
  left join {{ ref('usage_event') }} as events
    on events.source_instance = repeated.source_instance and events.event_id = repeated.event_id
  group by repeated.source_instance, repeated.event_id
),

delivered as (
  select source_instance, cast(sum(event_count) as bigint) as events
  from {{ ref('usage_delivery') }}
  group by source_instance
  union all
  select source_instance, -count(*) as events
  from {{ ref('usage_repeat') }}
  where copy_number > 1
  group by source_instance
  union all
  select source_instance, -cast(sum(event_count) as bigint) as events
  from {{ ref('usage_day') }}
  group by source_instance
)

select source_instance, event_id, times as events from counted where times <> 1
union all
select source_instance, 'all events, delivered less counted' as event_id, cast(sum(events) as bigint) as events
from delivered
group by source_instance
having sum(events) <> 0
