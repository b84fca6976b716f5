-- One row per reference of the events of one tenant, subscription and meter, which is its key: each event would tell
-- the same fault again.
{{ config(materialized='view') }}
with event_groups as (
  select distinct
    source_instance,
    tenant_id,
    subscription_id,
    meter_code
  from {{ ref('usage_name') }}
)

{% for reference in landing_references(of='product.usage_events') %}
select
  source_instance,
  '{{ reference.object }}' as object,
  tenant_id || '|' || subscription_id || '|' || meter_code as record_key,
  '{{ reference.column }}' as column_name,
  '{{ reference.asked }}' as targets,
  {{ reference_value(reference.column) }} as value,
  cast(null as {{ dbt.type_string() }}) as legal_entity_code,
  cast(null as {{ dbt.type_string() }}) as customer_id,
  cast(null as {{ dbt.type_string() }}) as currency_code,
  cast(null as bigint) as amount_minor
from event_groups
{{ 'union all' if not loop.last }}
{% endfor %}
