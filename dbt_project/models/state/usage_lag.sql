-- One row per source, service month and lag in whole minutes: how many valid events were ingested so long after they
-- occurred? Ten million events have a few thousand different lags.
{{ config(**by_usage_month()) }}
-- depends_on: {{ ref('usage_partition') }}
with events as (
  select * from {{ ref('usage_event') }}
)

select
  source_instance,
  service_month,
  greatest(0, {{ minutes_between('occurred_at', 'ingested_at') }}) as lag_minutes,
  count(*) as event_count
from events
group by source_instance, service_month, greatest(0, {{ minutes_between('occurred_at', 'ingested_at') }})
