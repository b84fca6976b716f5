-- One row per source instance and legal entity of the bridge: which ERP keeps its books, in which base currency? Of
-- several linked ERPs the one that knows the entity.
with cells as (
  select distinct source_instance, legal_entity_code from {{ ref('bridge_cell') }}
),

links as (
  select source_instance, linked_instance as erp_instance
  from {{ source('config', 'instance_links') }}
  where domain = 'erp'
),

entities as (
  select source_instance, legal_entity_code, base_currency_code from {{ ref('legal_entity') }}
)

select
  cells.source_instance,
  cells.legal_entity_code,
  coalesce(
    min(case when entities.legal_entity_code is not null then links.erp_instance end), min(links.erp_instance)
  ) as erp_instance,
  min(entities.base_currency_code) as base_currency_code
from cells
left join links on links.source_instance = cells.source_instance
left join entities
  on entities.source_instance = links.erp_instance and entities.legal_entity_code = cells.legal_entity_code
group by cells.source_instance, cells.legal_entity_code
