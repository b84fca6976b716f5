{#-
  A query in the columns that `reconcile` expects: one not testable row per invoice line whose only copy did not come
  through, so that a rejected line is shown as not tested instead of vanishing from the population.
-#}
{% macro unknown_lines() -%}
  select
    unknown.billing_instance as source_instance,
    unknown.line_id as match_key,
    cast(null as {{ dbt.type_string() }}) as legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    {{ month_end('unknown.service_month') }} as filed_on,
    null as left_value,
    null as right_value,
    cast(null as bigint) as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    false as has_fault,
    cast(null as {{ dbt.type_string() }}) as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    cast(null as {{ dbt.type_string() }}) as reason,
    'Not tested: ' || unknown.reason as not_testable_reason,
    cast(null as {{ dbt.type_string() }}) as left_ref,
    'invoice_line:' || unknown.line_id as right_ref,
    cast(null as timestamp) as due_at
  from {{ ref('line_not_testable') }} as unknown
  where not unknown.is_known
{%- endmacro %}
