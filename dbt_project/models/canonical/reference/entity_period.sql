-- One row per source instance, legal entity and accounting period of the entity: which days lie in it? A label is the
-- entity's own name of a period and says no date: October may be 2026-01, a period may begin in the middle of a month.
-- Instances that are no ERP ask the one that they are linked to; of several that keep the entity the first by name.
with periods as (
  select distinct source_instance, legal_entity_code, period, first_date, last_date from {{ ref('posting_period') }}
),

linked as (
  select
    links.source_instance,
    periods.source_instance as erp_instance,
    periods.legal_entity_code,
    periods.period,
    periods.first_date,
    periods.last_date,
    min(periods.source_instance) over (partition by links.source_instance, periods.legal_entity_code)
      as asked_instance,
    min(periods.source_instance) over (partition by periods.legal_entity_code) as first_instance
  from periods
  inner join {{ source('config', 'instance_links') }} as links
    on links.linked_instance = periods.source_instance and links.domain = 'erp'
)

select
  source_instance,
  legal_entity_code,
  period,
  first_date,
  last_date,
  source_instance = first_instance as is_company_wide
from linked
where erp_instance = asked_instance
