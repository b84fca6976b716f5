-- One row per hub message, as the generic vendor states it: what did the source say?
with

counted as (

  {{ current_rows(source('landed', 'generic__hub__messages'), ['topic', 'key', 'sequence'], 'append') }}

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
from counted
