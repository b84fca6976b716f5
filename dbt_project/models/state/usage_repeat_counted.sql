-- One row per delivery of an event id that arrived more than once: does it count? Asked of the events themselves, by
-- their places: of other events nothing is read, and of a month that nothing touched nothing at all.
{{ config(**by_usage_month()) }}
-- depends_on: {{ ref('usage_partition') }}
with repeats as (
  select * from {{ ref('usage_repeat') }}
),

events as (
  select * from {{ ref('usage_event') }}
)

select
  repeats.source_instance,
  {{ month_start('repeats.occurred_at') }} as service_month,
  repeats.event_id,
  repeats.batch_id,
  repeats.row_number,
  events.row_number is not null as is_counted
from repeats
left join events
  on
    events.source_instance = repeats.source_instance
    and events.batch_id = repeats.batch_id
    and events.row_number = repeats.row_number
