-- One row per subscription, meter and service month of meters that count distinct keys: how many were seen, how many
-- in time? Distinct keys cannot be added up by day; this is the only aggregation that goes back to events.
{{ config(**by_usage_month()) }}
-- depends_on: {{ ref('usage_partition') }}
with events as (
  select * from {{ ref('usage_event') }}
),

meters as (
  select * from {{ ref('meter_month') }} where aggregation = 'unique'
),

parameters as (
  select * from {{ source('config', 'parameters') }}
),

cells as (
  select source_instance, subscription_id, meter_code, service_month, max(computed_at) as computed_at
  from {{ ref('metered_usage') }}
  group by source_instance, subscription_id, meter_code, service_month
),

runs as (
  select source_instance, meter_code, service_month, max(computed_at) as computed_at
  from {{ ref('metered_usage') }}
  group by source_instance, meter_code, service_month
)

select
  events.source_instance,
  events.subscription_id,
  events.meter_code,
  events.service_month,
  count(distinct case when not events.is_test then events.unique_key end) as valid_keys,
  count(distinct case
    when
      not events.is_test
      and coalesce(events.ingested_at <= coalesce(cells.computed_at, runs.computed_at), true)
      then events.unique_key
  end) as in_time_keys,
  count(distinct case
    when
      not events.is_test
      and (
        coalesce(events.ingested_at <= coalesce(cells.computed_at, runs.computed_at), true)
        or events.ingested_at
        <= cast({{ add_days(add_months('events.service_month', 1), 'parameters.usage_grace_days') }} as timestamp)
      )
      then events.unique_key
  end) as in_grace_keys,
  count(distinct events.unique_key) as keys_with_test
from events
cross join parameters
inner join meters
  on
    meters.source_instance = events.source_instance
    and meters.meter_code = events.meter_code
    and meters.service_month = events.service_month
left join cells
  on
    cells.source_instance = events.source_instance
    and cells.subscription_id = events.subscription_id
    and cells.meter_code = events.meter_code
    and cells.service_month = events.service_month
left join runs
  on
    runs.source_instance = events.source_instance
    and runs.meter_code = events.meter_code
    and runs.service_month = events.service_month
group by events.source_instance, events.subscription_id, events.meter_code, events.service_month
