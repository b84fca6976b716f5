{#-
  Months from a subscription's start to the beginning of the billing interval that holds `day`; `interval_months` is 1 or 12.
  Anchors are counted from the start and never from the anchor before: a subscription of the 31st renews on the last day of a
  short month and on the 31st again after it.
-#}
{% macro months_to_anchor(start_date, day, interval_months) -%}
  {%- set whole_steps -%}
  ({{ int_div(months_apart(start_date, day), interval_months) }} * {{ interval_months }})
  {%- endset -%}
  case
    when {{ add_months(start_date, whole_steps) }} > {{ day }} then {{ whole_steps }} - {{ interval_months }}
    else {{ whole_steps }}
  end
{%- endmacro %}


{#- Whole days from one date to another: the length of the half-open interval between them. -#}
{% macro days_between(first, second) %}{{ return(adapter.dispatch('days_between')(first, second)) }}{% endmacro %}
{% macro default__days_between(first, second) -%} date_diff('day', {{ first }}, {{ second }}) {%- endmacro %}
{% macro spark__days_between(first, second) -%} datediff({{ second }}, {{ first }}) {%- endmacro %}
