-- One row per message of the event hub.
with

messages as (

  {{ vendor_union('hub', 'messages') }}

)

select
  source_instance,
  topic,
  key,
  sequence,
  consumer,
  published_at,
  acknowledged_at,
  status,
  payload_hash,
  content_hash
from messages
