-- One row per subscription, meter, day and kind of tenant: what was used, and how much of it was known when metering
-- ran?
{{ config(**by_usage_month()) }}
-- depends_on: {{ ref('usage_partition') }}
-- depends_on: {{ ref('usage_repeat_counted') }}, which the test of its days asks beside them
with events as (
  select * from {{ ref('usage_event') }}
),

-- where a cell was never metered, the run of its month and meter is the moment metering could have known
runs as (
  select source_instance, meter_code, service_month, max(computed_at) as computed_at
  from {{ ref('metered_usage') }}
  group by source_instance, meter_code, service_month
),

parameters as (
  select * from {{ source('config', 'parameters') }}
),

cells as (
  select source_instance, subscription_id, meter_code, service_month, max(computed_at) as computed_at
  from {{ ref('metered_usage') }}
  group by source_instance, subscription_id, meter_code, service_month
),

known as (
  select
    events.source_instance,
    events.subscription_id,
    events.meter_code,
    {{ utc_date('events.occurred_at') }} as usage_date,
    events.service_month,
    events.is_test,
    events.quantity,
    events.occurred_at,
    events.ingested_at,
    coalesce(events.ingested_at <= coalesce(cells.computed_at, runs.computed_at), true) as is_in_time,
    events.ingested_at
    <= cast(
      {{ add_days(add_months('events.service_month', 1), 'parameters.usage_grace_days') }} as timestamp
    ) as is_before_cutoff
  from events
  cross join parameters
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
),

-- what metering knew is no late usage, however late it ran
timed as (
  select
    *,
    is_in_time or is_before_cutoff as is_in_grace
  from known
),

-- each event is added once, to those that were known alike: three sums of each would cost half as much again
summed as (
  select
    source_instance,
    subscription_id,
    meter_code,
    usage_date,
    is_test,
    service_month,
    is_in_time,
    is_in_grace,
    count(*) as event_count,
    cast(sum(quantity) as decimal(38, 9)) as quantity_sum,
    max(quantity) as quantity_max,
    min(occurred_at) as first_occurred_at,
    max(occurred_at) as last_occurred_at,
    max(ingested_at) as last_ingested_at
  from timed
  group by
    source_instance, subscription_id, meter_code, usage_date, is_test, service_month, is_in_time, is_in_grace
)

select
  source_instance,
  subscription_id,
  meter_code,
  usage_date,
  is_test,
  service_month,
  cast(sum(event_count) as bigint) as event_count,
  cast(coalesce(sum(event_count) filter (where is_in_time), 0) as bigint) as in_time_event_count,
  cast(coalesce(sum(event_count) filter (where is_in_grace), 0) as bigint) as in_grace_event_count,
  cast(sum(quantity_sum) as decimal(38, 9)) as quantity_sum,
  cast(coalesce(sum(quantity_sum) filter (where is_in_time), 0) as decimal(38, 9)) as in_time_quantity_sum,
  cast(coalesce(sum(quantity_sum) filter (where is_in_grace), 0) as decimal(38, 9)) as in_grace_quantity_sum,
  max(quantity_max) as quantity_max,
  max(quantity_max) filter (where is_in_time) as in_time_quantity_max,
  max(quantity_max) filter (where is_in_grace) as in_grace_quantity_max,
  min(first_occurred_at) as first_occurred_at,
  max(last_occurred_at) as last_occurred_at,
  max(last_ingested_at) as last_ingested_at
from summed
group by source_instance, subscription_id, meter_code, usage_date, is_test, service_month
