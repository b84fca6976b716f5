-- One row per valid usage event, copies removed: what was used, by whom, when, and when did we learn of it?
-- Test tenants' events are kept and flagged: they are what a wrongly billed test tenant is recognised by.
with deliveries as (
  {{ vendor_union('product', 'usage_deliveries') }}
),

repeats as (
  select * from {{ ref('usage_repeat') }}
),

repeated_ids as (
  select source_instance, event_id from repeats where copy_number = 1
),

tenants as (
  select source_instance, tenant_id, is_test from {{ ref('tenant') }}
),

counted as (
  select
    deliveries.source_instance,
    deliveries.event_id,
    deliveries.tenant_id,
    deliveries.subscription_id,
    deliveries.meter_code,
    deliveries.quantity,
    deliveries.occurred_at,
    deliveries.ingested_at,
    deliveries.properties,
    deliveries.content_hash
  from deliveries
  left join repeated_ids
    on repeated_ids.source_instance = deliveries.source_instance and repeated_ids.event_id = deliveries.event_id
  where repeated_ids.event_id is null

  union all

  select
    source_instance,
    event_id,
    tenant_id,
    subscription_id,
    meter_code,
    quantity,
    occurred_at,
    ingested_at,
    properties,
    content_hash
  from repeats
  where copy_number = 1
)

select
  counted.source_instance,
  counted.event_id,
  counted.tenant_id,
  counted.subscription_id,
  counted.meter_code,
  counted.quantity,
  counted.occurred_at,
  counted.ingested_at,
  {{ month_start('counted.occurred_at') }} as service_month,
  {{ json_text('counted.properties', 'key') }} as unique_key,
  coalesce(tenants.is_test, false) as is_test,
  counted.content_hash
from counted
left join tenants on tenants.source_instance = counted.source_instance and tenants.tenant_id = counted.tenant_id
