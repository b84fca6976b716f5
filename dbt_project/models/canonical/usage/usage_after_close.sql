-- One row per subscription, meter and service month of which usage was ingested after its accounting period had been
-- hard closed: how much, when did it come, and which period was open for it? It keeps the period in which it occurred
-- as its origin, wherever it is booked.
with months as (
  select * from {{ ref('usage_month') }}
),

subscriptions as (
  select source_instance, subscription_id, customer_id, legal_entity_code
  from {{ ref('subscription') }}
),

customers as (
  select source_instance, customer_id, erp_instance
  from {{ ref('billing_customer') }}
),

calendar as (
  select * from {{ ref('posting_period') }}
),

meters as (
  select * from {{ ref('meter_span') }}
),

closed_months as (
  select
    months.source_instance,
    months.subscription_id,
    months.meter_code,
    months.service_month,
    months.billing_instance,
    months.aggregation,
    months.valid_quantity,
    customers.erp_instance,
    subscriptions.legal_entity_code,
    calendar.period as origin_period,
    calendar.hard_closed_at
  from months
  inner join subscriptions
    on
      subscriptions.source_instance = months.billing_instance
      and subscriptions.subscription_id = months.subscription_id
  inner join customers
    on
      customers.source_instance = subscriptions.source_instance
      and customers.customer_id = subscriptions.customer_id
  inner join calendar
    on
      calendar.source_instance = customers.erp_instance
      and calendar.legal_entity_code = subscriptions.legal_entity_code
      and {{ add_days(add_months('months.service_month', 1), -1) }} between calendar.first_date and calendar.last_date
      and months.last_ingested_at >= calendar.final_from
      and months.last_ingested_at < calendar.final_until
  where calendar.hard_closed_at < months.last_ingested_at
),

-- the months are said as moments too, so that files of others are not read
events as (
  select
    events.*,
    meters.unit_multiplier,
    events.ingested_at > closed_months.hard_closed_at as is_late
  from {{ ref('usage_event') }} as events
  inner join closed_months
    on
      closed_months.source_instance = events.source_instance
      and closed_months.subscription_id = events.subscription_id
      and closed_months.meter_code = events.meter_code
      and closed_months.service_month = events.service_month
      and events.occurred_at >= closed_months.service_month
      and events.occurred_at < {{ add_months('closed_months.service_month', 1) }}
  left join meters
    on
      meters.source_instance = events.source_instance
      and meters.meter_code = events.meter_code
      and meters.effective_from <= {{ utc_date('events.occurred_at') }}
      and (meters.effective_to is null or meters.effective_to > {{ utc_date('events.occurred_at') }})
  where not events.is_test
),

-- the archive's own clock: when the first file with the event was received, a copy of it included
deliveries as (
  select source_instance, event_id, batch_id from events where is_late
  union all
  select repeats.source_instance, repeats.event_id, repeats.batch_id
  from {{ ref('usage_repeat') }} as repeats
  inner join events
    on events.source_instance = repeats.source_instance and events.event_id = repeats.event_id and events.is_late
),

arrivals as (
  select deliveries.source_instance, deliveries.event_id, min(batches.received_at) as received_at
  from deliveries
  inner join {{ source('landed', 'batches') }} as batches
    on batches.source_instance = deliveries.source_instance and batches.batch_id = deliveries.batch_id
  group by deliveries.source_instance, deliveries.event_id
),

-- converted per multiplier, as the month is: adding up rounded events would differ from it
parts as (
  select
    events.source_instance,
    events.subscription_id,
    events.meter_code,
    events.service_month,
    events.unit_multiplier,
    count(*) filter (where events.is_late) as event_count,
    cast(coalesce(sum(events.quantity) filter (where events.is_late), 0) as decimal(38, 9)) as late_sum,
    max(events.quantity) filter (where not events.is_late) as known_max,
    min(events.ingested_at) filter (where events.is_late) as first_ingested_at,
    max(events.ingested_at) filter (where events.is_late) as last_ingested_at,
    min(arrivals.received_at) as first_received_at,
    max(arrivals.received_at) as last_received_at
  from events
  left join arrivals
    on arrivals.source_instance = events.source_instance and arrivals.event_id = events.event_id
  group by
    events.source_instance, events.subscription_id, events.meter_code, events.service_month, events.unit_multiplier
),

keys as (
  select
    source_instance,
    subscription_id,
    meter_code,
    service_month,
    count(distinct unique_key) - count(distinct unique_key) filter (where not is_late) as new_keys
  from events
  group by source_instance, subscription_id, meter_code, service_month
),

late as (
  select
    source_instance,
    subscription_id,
    meter_code,
    service_month,
    cast(sum(event_count) as bigint) as event_count,
    sum({{ in_billed_units('late_sum', 'unit_multiplier') }}) as late_sum,
    max({{ in_billed_units('known_max', 'unit_multiplier') }}) as known_max,
    max(unit_multiplier) as unit_multiplier,
    min(first_ingested_at) as first_ingested_at,
    max(last_ingested_at) as last_ingested_at,
    min(first_received_at) as first_received_at,
    max(last_received_at) as last_received_at
  from parts
  group by source_instance, subscription_id, meter_code, service_month
  having sum(event_count) > 0
)

select
  closed_months.source_instance,
  closed_months.subscription_id,
  closed_months.meter_code,
  closed_months.service_month,
  closed_months.billing_instance,
  closed_months.erp_instance,
  closed_months.legal_entity_code,
  closed_months.origin_period,
  closed_months.hard_closed_at,
  open_then.taking_period as next_open_period,
  late.event_count,
  cast(
    case closed_months.aggregation
      when 'sum' then late.late_sum
      when 'max' then closed_months.valid_quantity - coalesce(late.known_max, 0)
      when 'unique' then {{ in_billed_units('keys.new_keys', 'late.unit_multiplier') }}
    end as decimal(38, 9)
  ) as quantity,
  late.first_ingested_at,
  late.last_ingested_at,
  late.first_received_at,
  late.last_received_at
from closed_months
inner join late
  on
    late.source_instance = closed_months.source_instance
    and late.subscription_id = closed_months.subscription_id
    and late.meter_code = closed_months.meter_code
    and late.service_month = closed_months.service_month
left join keys
  on
    keys.source_instance = closed_months.source_instance
    and keys.subscription_id = closed_months.subscription_id
    and keys.meter_code = closed_months.meter_code
    and keys.service_month = closed_months.service_month
left join calendar as open_then
  on
    open_then.source_instance = closed_months.erp_instance
    and open_then.legal_entity_code = closed_months.legal_entity_code
    and open_then.period = closed_months.origin_period
    and late.last_ingested_at >= open_then.final_from
    and late.last_ingested_at < open_then.final_until
