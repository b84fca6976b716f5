-- One row per usage event, as the generic vendor states it: what did the source say?
with

counted as (

  {{ current_rows(
    source('landed', 'generic__product__usage_events'), ['event_id'], 'append', earliest='ingested_at'
  ) }}

)

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
from counted
