-- One row per delivery of a usage event, copies included, as the generic vendor states it: what arrived, how often?
with

landed as (

  select * from {{ source('landed', 'generic__product__usage_events') }}

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
  content_hash,
  batch_id,
  row_number
from landed
