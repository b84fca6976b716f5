-- One row per value that a reference may name, per instance and object that holds it. A record that was rejected is
-- there too: what names it is no orphan, the fault is the record's.
{{ config(materialized='view') }}
{% set targets = referenced_objects() %}
with rejected as (
  select source_instance, domain, object, key_text
  from {{ ref('untestable_record') }}
  where key_text is not null
),

held as (
  {% for target, meta in targets.items() %}
  select source_instance, '{{ target }}' as target, {{ meta.value }} as value, 0 as is_rejected
  from {{ ref(meta.model) }}
  union all
  {% endfor %}
  select
    source_instance,
    domain || '.' || object as target,
    case
      when
        domain || '.' || object in (
          {% for target, meta in targets.items() if meta.is_first_part %}
          '{{ target }}'{{ ', ' if not loop.last }}
          {% endfor %}
        )
        then split_part(key_text, '|', 1)
      else key_text
    end as value,
    1 as is_rejected
  from rejected
)

select
  source_instance,
  target,
  value,
  min(is_rejected) = 1 as is_rejected
from held
where value is not null
group by source_instance, target, value
