-- One row per delivered batch of usage events and service month: how many events? What is asked of all deliveries is
-- answered by it, without reading the events again.
{{ config(
  materialized='by_partition' if target.type == 'duckdb' else 'table',
  partition_columns=['source_instance', 'batch_id'],
  fingerprints='usage_batch'
) }}
-- depends_on: {{ ref('usage_batch') }}
with deliveries as (
  {{ vendor_union('product', 'usage_deliveries') }}
)

select
  source_instance,
  batch_id,
  {{ month_start('occurred_at') }} as service_month,
  count(*) as event_count
from deliveries
group by source_instance, batch_id, {{ month_start('occurred_at') }}
