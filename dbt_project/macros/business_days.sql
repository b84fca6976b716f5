{#- Business days: Monday to Friday. No holiday calendar: a holiday makes a window at most a day too short, and is said so in docs. -#}

{#- ISO weekday of a date or timestamp, Monday 1 to Sunday 7. -#}
{% macro iso_weekday(day) %}{{ return(adapter.dispatch('iso_weekday')(day)) }}{% endmacro %}
{% macro default__iso_weekday(day) %}isodow({{ day }}){% endmacro %}
{% macro spark__iso_weekday(day) %}(weekday({{ day }}) + 1){% endmacro %}

{#- Timestamp moved by whole business days; from a weekend it counts as from the Friday before, at the same time of day. -#}
{% macro add_business_days(timestamp, days) -%}
  {%- set weekday = iso_weekday(timestamp) -%}
  {{ add_hours(
    timestamp,
    '24 * (' ~ days ~ ' - greatest(' ~ weekday ~ ' - 5, 0) + 2 * '
    ~ int_div('least(' ~ weekday ~ ', 5) - 1 + ' ~ days, 5) ~ ')',
  ) }}
{%- endmacro %}

{#- The last business day on or before a date. -#}
{% macro last_business_day(date) -%}
  {{ add_days(date, '-greatest(' ~ iso_weekday(date) ~ ' - 5, 0)') }}
{%- endmacro %}


{#- Whole hours from the first timestamp to the second, cut off. -#}
{% macro hours_between(first, second) %}{{ return(adapter.dispatch('hours_between')(first, second)) }}{% endmacro %}
{% macro default__hours_between(first, second) %}date_sub('hour', {{ first }}, {{ second }}){% endmacro %}
{% macro spark__hours_between(first, second) %}timestampdiff(hour, {{ first }}, {{ second }}){% endmacro %}


{#- Number of the business day of a date, Monday 1970-01-05 being 0; a weekend counts as the Friday before. -#}
{% macro business_day_number(date) -%}
  {%- set monday = "cast('1970-01-05' as date)" -%}
  (5 * {{ int_div(days_between(monday, date), 7) }} + least({{ iso_weekday(date) }} - 1, 4))
{%- endmacro %}
