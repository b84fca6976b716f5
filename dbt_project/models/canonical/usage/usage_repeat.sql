-- One row per delivery of an event id that arrived more than once: which copy counts? Landing has found the copies and
-- the one that counts, whatever the order of arrival, and kept their rows.
with copies as (
  select * from {{ source('landed', 'usage_copies') }}
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
  is_equal_copy,
  min(ingested_at) over (partition by source_instance, event_id) as counted_at,
  batch_id,
  row_number
from copies
