{# Date arithmetic, dispatched: the engines disagree on intervals, on the type of date + 1 and on formatting. #}

{# Date moved by whole months; the last day of a shorter month where the day does not exist. #}
{% macro add_months(date, months) %}{{ return(adapter.dispatch('add_months')(date, months)) }}{% endmacro %}
{% macro default__add_months(date, months) -%}
    cast({{ date }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}
{% macro spark__add_months(date, months) %}add_months({{ date }}, cast({{ months }} as int)){% endmacro %}

{# Date moved by whole days. #}
{% macro add_days(date, days) %}{{ return(adapter.dispatch('add_days')(date, days)) }}{% endmacro %}
{% macro default__add_days(date, days) %}cast({{ date }} + cast({{ days }} as integer) as date){% endmacro %}
{% macro spark__add_days(date, days) %}date_add({{ date }}, cast({{ days }} as int)){% endmacro %}

{# Timestamp moved by whole hours. #}
{% macro add_hours(timestamp, hours) %}{{ return(adapter.dispatch('add_hours')(timestamp, hours)) }}{% endmacro %}
{% macro default__add_hours(timestamp, hours) %}({{ timestamp }} + to_hours(cast({{ hours }} as bigint))){% endmacro %}
{% macro spark__add_hours(timestamp, hours) %}timestampadd(hour, cast({{ hours }} as int), {{ timestamp }}){% endmacro %}

{# Calendar months from the month of the first date to that of the second. #}
{% macro months_apart(first, second) -%}
    ((year({{ second }}) - year({{ first }})) * 12 + month({{ second }}) - month({{ first }}))
{%- endmacro %}

{# First day of the month of a date or timestamp (UTC). #}
{% macro month_start(date) %}cast(date_trunc('month', {{ date }}) as date){% endmacro %}

{# First day of the next month. #}
{% macro next_month_start(date) %}{{ add_months(month_start(date), 1) }}{% endmacro %}

{# Last day of the month of a date or timestamp (UTC). #}
{% macro month_end(date) %}{{ add_days(next_month_start(date), -1) }}{% endmacro %}

{# Month of a date as YYYY-MM: the accounting period of an entity that keeps no calendar (see `entity_period`). #}
{% macro month_key(date) %}substr(cast(cast({{ date }} as date) as string), 1, 7){% endmacro %}

{# Accounting period of a date: the label that its entity's own calendar (`entity_period`) gives it, where it keeps one. #}
{% macro period_of(label, date) %}coalesce({{ label }}, {{ month_key(date) }}){% endmacro %}

{# First day of a period of an entity that keeps no calendar. Where it keeps one, its label says no date. #}
{% macro period_start(period) %}cast({{ period }} || '-01' as date){% endmacro %}

{#
  First day of a period that its entity's calendar does not hold: as many months from the last one that it holds, a row of
  `last_period`, as the two labels are apart.
#}
{% macro period_start_beyond(period, last) -%}
    coalesce(
        {{ add_months(last ~ '.start_date', months_apart(period_start(last ~ '.period'), period_start(period))) }},
        {{ period_start(period) }}
    )
{%- endmacro %}

{# The date of a UTC timestamp. #}
{% macro utc_date(timestamp) %}cast({{ timestamp }} as date){% endmacro %}

{# Whole minutes from one timestamp to another, cut off. #}
{% macro minutes_between(first, second) %}{{ return(adapter.dispatch('minutes_between')(first, second)) }}{% endmacro %}
{% macro default__minutes_between(first, second) %}date_sub('minute', {{ first }}, {{ second }}){% endmacro %}
{% macro spark__minutes_between(first, second) %}timestampdiff(minute, {{ first }}, {{ second }}){% endmacro %}
