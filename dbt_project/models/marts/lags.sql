-- One row per step of a workflow, source and month: how long after the event that it follows does a record arrive, and
-- what has not arrived yet? Usage events are measured one by one, from occurred to ingested, all else as the step of
-- its business transaction. Percentiles are of what has arrived: the smallest lag that so many do not exceed.
{%- set leg = ['workflow', 'step', 'source_instance', 'period'] | join(', ') %}
with events as (
  select * from {{ ref('usage_lag') }}
),

steps as (
  select * from {{ ref('business_transaction_steps') }}
),

measured as (
  select
    'usage_to_invoice' as workflow,
    'ingested' as step,
    source_instance,
    {{ month_key('service_month') }} as period,
    lag_minutes,
    'done' as state,
    'ProductData' as owner_role,
    event_count as record_count
  from events

  union all

  select
    workflow,
    step,
    source_instance,
    period,
    lag_minutes,
    state,
    -- a failed message belongs to whoever runs the interface, the step to its own role
    case when state <> 'failed' then owner_role end as owner_role,
    count(*) as record_count
  from steps
  where step_number > 1
  group by workflow, step, source_instance, period, lag_minutes, state, owner_role
),

arrived as (
  select
    {{ leg }},
    lag_minutes,
    sum(record_count) as record_count
  from measured
  where state in ('done', 'late') and lag_minutes is not null
  group by {{ leg }}, lag_minutes
),

ranked as (
  select
    *,
    sum(record_count) over (partition by {{ leg }} order by lag_minutes) as reached,
    sum(record_count) over (partition by {{ leg }}) as total
  from arrived
),

percentiles as (
  select
    {{ leg }},
    min(case when reached * 100 >= total * 50 then lag_minutes end) as p50_minutes,
    min(case when reached * 100 >= total * 95 then lag_minutes end) as p95_minutes,
    max(lag_minutes) as max_minutes
  from ranked
  group by {{ leg }}
),

counted as (
  select
    {{ leg }},
    min(owner_role) as owner_role,
    coalesce(sum(case when state in ('done', 'late') then record_count end), 0) as arrived_count,
    coalesce(sum(case when state = 'late' then record_count end), 0) as late_count,
    coalesce(sum(case when state = 'waiting' then record_count end), 0) as waiting_count,
    coalesce(sum(case when state = 'missing' then record_count end), 0) as missing_count,
    coalesce(sum(case when state = 'failed' then record_count end), 0) as failed_count,
    max(case when state in ('missing', 'failed') then lag_minutes end) as oldest_open_minutes
  from measured
  group by {{ leg }}
)

select
  counted.workflow,
  counted.step,
  counted.source_instance,
  counted.period,
  cast(counted.arrived_count as bigint) as arrived_count,
  cast(counted.late_count as bigint) as late_count,
  cast(counted.waiting_count as bigint) as waiting_count,
  cast(counted.missing_count as bigint) as missing_count,
  cast(counted.failed_count as bigint) as failed_count,
  cast(percentiles.p50_minutes as bigint) as p50_minutes,
  cast(percentiles.p95_minutes as bigint) as p95_minutes,
  cast(percentiles.max_minutes as bigint) as max_minutes,
  cast(counted.oldest_open_minutes as bigint) as oldest_open_minutes,
  coalesce(counted.owner_role, 'IntegrationOps') as owner_role
from counted
left join percentiles
  on
    percentiles.workflow = counted.workflow
    and percentiles.step = counted.step
    and percentiles.source_instance = counted.source_instance
    and percentiles.period is not distinct from counted.period
