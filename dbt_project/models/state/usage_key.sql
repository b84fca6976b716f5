-- One row per delivered usage event: where does it lie, in which month, and what is the hash of its id? The index by
-- which copies are found over all deliveries without reading the events again.
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
  row_number,
  {{ month_start('occurred_at') }} as service_month,
  {{ row_hash(['source_instance', 'event_id']) }} as key_hash
from deliveries
