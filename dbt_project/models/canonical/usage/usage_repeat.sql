-- One row per delivery of an event id that arrived more than once: which copy counts? Landing has found the copies and
-- the one that counts, whatever the order of arrival; only they are read from the deliveries.
with deliveries as (
  {{ vendor_union('product', 'usage_deliveries') }}
),

conflicts as (
  select * from {{ source('landed', 'conflicts') }}
  where domain = 'product' and object = 'usage_events'
),

places as (
  select
    source_instance,
    batch_id,
    row_number,
    content_hash,
    kind = 'duplicate' as is_equal_copy
  from conflicts
  union all
  select distinct
    source_instance,
    counting_batch_id as batch_id,
    counting_row_number as row_number,
    counting_content_hash as content_hash,
    true as is_equal_copy
  from conflicts
),

copies as (
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
    deliveries.batch_id,
    deliveries.row_number,
    places.content_hash,
    places.is_equal_copy
  from deliveries
  inner join places
    on
      places.source_instance = deliveries.source_instance
      and places.batch_id = deliveries.batch_id
      and places.row_number = deliveries.row_number
)

select
  source_instance,
  event_id,
  cast(
    row_number() over (
      partition by source_instance, event_id order by ingested_at, content_hash, batch_id, row_number
    ) as bigint
  ) as copy_number,
  tenant_id,
  subscription_id,
  meter_code,
  quantity,
  occurred_at,
  ingested_at,
  properties,
  content_hash,
  is_equal_copy,
  min(ingested_at) over (partition by source_instance, event_id) as counted_at,
  batch_id,
  row_number
from copies
