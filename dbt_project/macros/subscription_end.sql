{#- The day from which a subscription is no more: its end date, else the day on which it was cancelled or ran out; null
    where it goes on, or says of its end no day. -#}
{% macro subscription_end() -%}
  coalesce(end_date, case when status in ('cancelled', 'expired') then {{ utc_date('cancelled_at') }} end)
{%- endmacro %}
