-- One row per legal entity and period and version: what did the source say, and when?
with

counted as (

  {{ current_rows(
    source('landed', 'generic__erp__accounting_periods'), ['legal_entity_code', 'period'], 'upsert'
  ) }}

)

select
  source_instance,
  legal_entity_code,
  period,
  start_date,
  end_date,
  status,
  closed_at,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
