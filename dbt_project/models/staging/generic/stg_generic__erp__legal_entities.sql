-- One row per legal entity and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__erp__legal_entities'), ['legal_entity_code'], 'upsert') }}

)

select
  source_instance,
  legal_entity_code,
  name,
  base_currency as base_currency_code,
  country,
  timezone,
  parent_code,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
