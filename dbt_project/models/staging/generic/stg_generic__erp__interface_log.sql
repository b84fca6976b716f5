-- One row per interface message and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__erp__interface_log'), ['message_id'], 'upsert') }}

)

select
  source_instance,
  message_id,
  correlation_id,
  document_kind,
  source_id,
  sent_at,
  status,
  failure_class,
  error_code,
  error_message,
  attempts,
  acknowledged_at,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
