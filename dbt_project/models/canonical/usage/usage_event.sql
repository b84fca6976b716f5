-- One row per valid usage event, copies removed: what was used, by whom, when, and when did we learn of it?
-- Test tenants' events are kept and flagged: they are what a wrongly billed test tenant is recognised by. A view over
-- the archive: a table would write every event twice again, here and into each published snapshot, to be read once.
{{ config(materialized='view') }}
with events as (
  {{ vendor_union('product', 'usage_events') }}
),

tenants as (
  select source_instance, tenant_id, is_test from {{ ref('tenant') }}
)

select
  events.source_instance,
  events.event_id,
  events.tenant_id,
  events.subscription_id,
  events.meter_code,
  events.quantity,
  events.occurred_at,
  events.ingested_at,
  {{ month_start('events.occurred_at') }} as service_month,
  {{ json_text('events.properties', 'key') }} as unique_key,
  coalesce(tenants.is_test, false) as is_test,
  events.content_hash,
  events.batch_id,
  events.row_number
from events
left join tenants
  on tenants.source_instance = events.source_instance and tenants.tenant_id = events.tenant_id
