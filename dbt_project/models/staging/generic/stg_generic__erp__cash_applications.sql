-- One row per cash application, as the generic vendor states it: what did the source say?
with

counted as (

  {{ current_rows(source('landed', 'generic__erp__cash_applications'), ['application_id'], 'append') }}

)

select
  source_instance,
  application_id,
  receipt_id,
  document_id,
  amount,
  applied_at,
  period,
  content_hash
from counted
