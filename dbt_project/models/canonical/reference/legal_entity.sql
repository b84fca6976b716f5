-- One row per legal entity: who keeps books, and in which currency?
with

legal_entities as (

  {{ vendor_union('erp', 'legal_entities', current_only=true) }}

)

select
  source_instance,
  legal_entity_code,
  name,
  base_currency_code,
  country,
  timezone,
  parent_code,
  updated_at,
  content_hash
from legal_entities
