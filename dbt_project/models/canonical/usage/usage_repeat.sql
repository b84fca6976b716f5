-- One row per delivery of an event id that arrived more than once: which copy counts? The order of arrival never
-- decides. Candidates are found by a hash first: deduplicating ten million text ids costs twice the whole aggregation.
-- Only they are read from the deliveries.
with deliveries as (
  {{ vendor_union('product', 'usage_deliveries') }}
),

candidates as (
  select key_hash
  from {{ ref('usage_key') }}
  group by key_hash
  having count(*) > 1
),

places as (
  select
    keys.source_instance,
    keys.batch_id,
    keys.row_number
  from {{ ref('usage_key') }} as keys
  inner join candidates on candidates.key_hash = keys.key_hash
),

repeated as (
  select deliveries.*
  from deliveries
  inner join places
    on
      places.source_instance = deliveries.source_instance
      and places.batch_id = deliveries.batch_id
      and places.row_number = deliveries.row_number
),

ranked as (
  select
    *,
    cast(
      row_number() over (partition by source_instance, event_id order by ingested_at, content_hash) as bigint
    ) as copy_number,
    first_value(content_hash)
      over (partition by source_instance, event_id order by ingested_at, content_hash)
      as counted_hash,
    first_value(ingested_at)
      over (partition by source_instance, event_id order by ingested_at, content_hash)
      as counted_at,
    count(*) over (partition by source_instance, event_id) as copies
  from repeated
)

select
  source_instance,
  event_id,
  copy_number,
  tenant_id,
  subscription_id,
  meter_code,
  quantity,
  occurred_at,
  ingested_at,
  properties,
  content_hash,
  content_hash = counted_hash as is_equal_copy,
  counted_at,
  batch_id,
  row_number
from ranked
where copies > 1
