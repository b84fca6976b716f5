-- One row per non-null reference of a record, events apart: which value of which objects does it name? Lines of one
-- journal that name the same are one use: each would tell the same fault again.
{{ config(materialized='view') }}
{% set objects = referring_objects() %}
with journal_uses as (
  {% for reference in landing_references(of='erp.journal_lines') %}
  select
    source_instance,
    '{{ reference.object }}' as object,
    journal_id || '|' || cast(min(line_number) as {{ dbt.type_string() }}) as record_key,
    '{{ reference.column }}' as column_name,
    '{{ reference.asked }}' as targets,
    {{ reference_value(reference.column) }} as value,
    min(legal_entity_code) as legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    min(currency_code) as currency_code,
    cast(sum(debit_minor - credit_minor) filter (where debit_minor > credit_minor) as bigint) as amount_minor
  from {{ ref('journal_line') }}
  where {{ reference.column }} is not null
  group by source_instance, journal_id, {{ reference_value(reference.column) }}
  {{ 'union all' if not loop.last }}
  {% endfor %}
)

{% for reference in landing_references() if reference.object in objects %}
{% set meta = objects[reference.object] %}
select
  source_instance,
  '{{ reference.object }}' as object,
  {{ joined_key(meta.model, meta.key) }} as record_key,
  '{{ reference.column }}' as column_name,
  '{{ reference.asked }}' as targets,
  {{ reference_value(reference.column) }} as value,
  {{ meta.entity or 'cast(null as ' ~ dbt.type_string() ~ ')' }} as legal_entity_code,
  {{ meta.customer or 'cast(null as ' ~ dbt.type_string() ~ ')' }} as customer_id,
  {{ meta.currency or 'cast(null as ' ~ dbt.type_string() ~ ')' }} as currency_code,
  cast({{ meta.amount or 'null' }} as bigint) as amount_minor
from {{ ref(meta.model) }}
where {{ reference.column }} is not null

union all

{% endfor %}
select * from journal_uses
