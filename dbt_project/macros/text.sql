{#- Texts, dispatched where the engines disagree. -#}

{#- A whole number as text, filled with zeros to at least that many digits; a longer one is never cut. -#}
{% macro padded_number(number, digits) -%}
  case
    when length(cast({{ number }} as {{ dbt.type_string() }})) >= {{ digits }} then cast({{ number }} as {{ dbt.type_string() }})
    else lpad(cast({{ number }} as {{ dbt.type_string() }}), cast({{ digits }} as integer), '0')
  end
{%- endmacro %}


{#- The digits at the end of a text, as their count. -#}
{% macro trailing_digits(text) -%} (length({{ text }}) - length(trim(trailing '0123456789' from {{ text }}))) {%- endmacro %}


{#- Letters and digits of a text in lower case, so that `gb 12-34` and `GB1234` are the same; null for none. -#}
{% macro letters_and_digits(text) %}{{ return(adapter.dispatch('letters_and_digits')(text)) }}{% endmacro %}
{% macro default__letters_and_digits(text) -%} nullif(regexp_replace(lower({{ text }}), '[^\p{L}\p{N}]', '', 'g'), '') {%- endmacro %}
{% macro spark__letters_and_digits(text) -%} nullif(regexp_replace(lower({{ text }}), '[^\\p{L}\\p{N}]', ''), '') {%- endmacro %}


{#- A count with its noun: `1 invoice`, `3 invoices`. -#}
{% macro counted(number, noun, plural=none) -%}
  cast({{ number }} as {{ dbt.type_string() }}) || case when {{ number }} = 1 then ' {{ noun }}' else ' {{ plural or noun ~ 's' }}' end
{%- endmacro %}


{#- One of two words by a list of `joined_text`: `raises` where it holds one, `raise` where it holds several. -#}
{% macro by_number(list, one, several) -%}
  case when instr({{ list }}, ', ') > 0 then '{{ several }}' else '{{ one }}' end
{%- endmacro %}


{#- Such a list with its noun: `invoice A`, `invoices A, B`; null for none. -#}
{% macro listed(list, noun) -%} {{ by_number(list, noun ~ ' ', noun ~ 's ') }} || {{ list }} {%- endmacro %}


{#- How a column, or a sidecar, differs from the contract: the code of `landed.schema_drift` with its detail, for people. -#}
{% macro drift_words(drift, column_name, detail) -%}
  case {{ drift }}
    when 'malformed_sidecar' then 'a sidecar manifest is malformed'
    when 'new_column' then 'column ' || {{ column_name }} || ' is not in the contract'
    when 'missing_column' then 'column ' || {{ column_name }} || ' is missing'
    when 'retyped' then 'column ' || {{ column_name }} || ' holds another type'
    else 'column ' || {{ column_name }} || ' ' || {{ drift }}
  end || coalesce(' (' || {{ detail }} || ')', '')
{%- endmacro %}


{#- The one value of a group; null where it has several, or none. -#}
{% macro only_value(column) -%} case when min({{ column }}) = max({{ column }}) then min({{ column }}) end {%- endmacro %}
