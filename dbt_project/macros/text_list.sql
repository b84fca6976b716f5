{#- A list of the texts that are not null, for references; an empty typed list where none is given. -#}
{% macro text_list(columns) %}{{ return(adapter.dispatch('text_list')(columns)) }}{% endmacro %}

{% macro default__text_list(columns) -%}
  {%- if not columns -%} cast([] as varchar[])
  {%- else -%} list_filter([{{ columns | join(', ') }}], lambda one: one is not null) {%- endif -%}
{%- endmacro %}

{% macro spark__text_list(columns) -%}
  {%- if not columns -%} cast(array() as array<string>)
  {%- else -%} filter(array({{ columns | join(', ') }}), one -> one is not null) {%- endif -%}
{%- endmacro %}
