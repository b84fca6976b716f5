-- One row per valid usage event, copies removed: what was used, by whom, when, and when did we learn of it?
-- Test tenants' events are kept and flagged: they are what a wrongly billed test tenant is recognised by. A view over
-- the archive: a table would write every event twice again, here and into each published snapshot, to be read once.
{{ config(materialized='view') }}
with deliveries as (
  {{ vendor_union('product', 'usage_deliveries') }}
),

surplus as (
  select source_instance, batch_id, row_number from {{ ref('usage_repeat') }} where copy_number > 1
),

tenants as (
  select source_instance, tenant_id, is_test from {{ ref('tenant') }}
)

select
  deliveries.source_instance,
  deliveries.event_id,
  deliveries.tenant_id,
  deliveries.subscription_id,
  deliveries.meter_code,
  deliveries.quantity,
  deliveries.occurred_at,
  deliveries.ingested_at,
  {{ month_start('deliveries.occurred_at') }} as service_month,
  {{ json_text('deliveries.properties', 'key') }} as unique_key,
  coalesce(tenants.is_test, false) as is_test,
  deliveries.content_hash,
  deliveries.batch_id,
  deliveries.row_number
from deliveries
left join surplus
  on
    surplus.source_instance = deliveries.source_instance
    and surplus.batch_id = deliveries.batch_id
    and surplus.row_number = deliveries.row_number
left join tenants
  on tenants.source_instance = deliveries.source_instance and tenants.tenant_id = deliveries.tenant_id
where surplus.row_number is null
