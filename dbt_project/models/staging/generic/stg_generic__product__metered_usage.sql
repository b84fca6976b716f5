-- One row per metered usage record, as the generic vendor states it: what did the source say?
with

counted as (

  {{ current_rows(source('landed', 'generic__product__metered_usage'), ['meter_record_id'], 'append') }}

)

select
  source_instance,
  meter_record_id,
  subscription_id,
  meter_code,
  period_start,
  period_end,
  quantity,
  event_count,
  computed_at,
  content_hash
from counted
