-- One row per rejected usage row that still has no accepted copy: which results may it belong to? A null part of the
-- key cannot be read, and stands for every value: the rejected event may be the very one that is missing.
with events as (
  {{ quarantined_rows('product', 'usage_events', ['subscription_id', 'meter_code', 'occurred_at']) }}
),

records as (
  {{ quarantined_rows('product', 'metered_usage', ['subscription_id', 'meter_code', 'period_start']) }}
),

-- events that were never rejected are not asked for: mostly there is none to ask for
accepted_events as (
  select accepted.source_instance, accepted.event_id
  from {{ ref('usage_event') }} as accepted
  inner join events on events.source_instance = accepted.source_instance and events.key_text = accepted.event_id
),

accepted_records as (
  select source_instance, meter_record_id from {{ ref('metered_usage') }}
),

rejected as (
  select
    events.source_instance,
    events.subscription_id,
    events.meter_code,
    {{ month_start(utc_timestamp_or_null('events.occurred_at')) }} as service_month,
    false as is_metered,
    'usage event '
    || coalesce(events.key_text, 'whose id cannot be read')
    || ' was rejected: '
    || events.reason as reason
  from events
  left join accepted_events
    on accepted_events.source_instance = events.source_instance and accepted_events.event_id = events.key_text
  where accepted_events.event_id is null

  union all

  select
    records.source_instance,
    records.subscription_id,
    records.meter_code,
    {{ month_start(utc_timestamp_or_null('records.period_start')) }} as service_month,
    true as is_metered,
    'metered record '
    || coalesce(records.key_text, 'whose id cannot be read')
    || ' was rejected: '
    || records.reason as reason
  from records
  left join accepted_records
    on
      accepted_records.source_instance = records.source_instance and accepted_records.meter_record_id = records.key_text
  where accepted_records.meter_record_id is null
)

select
  source_instance as product_instance,
  subscription_id,
  meter_code,
  service_month,
  is_metered,
  min(reason) as reason,
  count(*) as rejected_rows
from rejected
group by source_instance, subscription_id, meter_code, service_month, is_metered
