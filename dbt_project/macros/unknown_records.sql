{#-
  A query in the columns that `reconcile` expects: one not testable row per billing record whose only copy did not come
  through, so that a rejected invoice is shown as not tested instead of vanishing from the population.

  kind: invoice, credit_note or payment; relation and key: the canonical model that would hold it, and its key column;
  more: further text columns of the control, of which nothing is known.
-#}
{% macro unknown_records(kind, relation, key, more=[]) -%}
  select
    unknown.source_instance,
    unknown.key as match_key,
    cast(null as {{ dbt.type_string() }}) as legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    cast(null as {{ dbt.type_string() }}) as period,
    cast(null as bigint) as left_value,
    cast(null as bigint) as right_value,
    cast(null as bigint) as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    false as has_fault,
    cast(null as {{ dbt.type_string() }}) as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    cast(null as {{ dbt.type_string() }}) as reason,
    'Not tested: ' || unknown.reason as not_testable_reason,
    '{{ kind }}:' || unknown.key as left_ref,
    cast(null as {{ dbt.type_string() }}) as right_ref,
    cast(null as timestamp) as due_at,
    cast(null as bigint) as rounding_components
    {%- for column in more %},
    cast(null as {{ dbt.type_string() }}) as {{ column }}
    {%- endfor %}
  from {{ ref('billing_key_not_testable') }} as unknown
  left join {{ ref(relation) }} as known
    on known.source_instance = unknown.source_instance and known.{{ key }} = unknown.key
  where unknown.kind = '{{ kind }}' and unknown.is_own_record and unknown.key is not null and known.{{ key }} is null
{%- endmacro %}


{#-
  The columns that `reconcile` expects, of a record that did not come through: a key, the reason, and nothing else known.
  Arguments are expressions; `legal_entity_code` and the references null where unknown.
-#}
{% macro untested_columns(source_instance, match_key, reason, left_ref='null', right_ref='null', legal_entity_code='null') -%}
    {{ source_instance }} as source_instance,
    {{ match_key }} as match_key,
    cast({{ legal_entity_code }} as {{ dbt.type_string() }}) as legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    cast(null as {{ dbt.type_string() }}) as period,
    cast(null as bigint) as left_value,
    cast(null as bigint) as right_value,
    cast(null as bigint) as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    false as has_fault,
    cast(null as {{ dbt.type_string() }}) as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    cast(null as {{ dbt.type_string() }}) as reason,
    'Not tested: ' || {{ reason }} as not_testable_reason,
    cast({{ left_ref }} as {{ dbt.type_string() }}) as left_ref,
    cast({{ right_ref }} as {{ dbt.type_string() }}) as right_ref,
    cast(null as timestamp) as due_at
{%- endmacro %}
