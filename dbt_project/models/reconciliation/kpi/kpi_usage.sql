-- One row per measure, entity, currency and period of the service month: how much usage arrives late or more than once?
{% set measure = [
  'kpi', 'legal_entity_code', 'currency_code', 'period', 'numerator', 'denominator', 'scale', 'formula', 'reason',
] %}
with calendar as (
  select * from {{ ref('entity_period') }} where is_company_wide
),

subscriptions as (
  select source_instance, subscription_id, legal_entity_code, currency_code from {{ ref('subscription') }}
),

months as (
  select
    subscriptions.legal_entity_code, subscriptions.currency_code,
    {{ period_of('calendar.period', 'usages.service_month') }} as period,
    usages.source_instance, usages.subscription_id, usages.meter_code, usages.service_month,
    usages.valid_count, usages.surplus_count - usages.equal_surplus_count as conflicting_count
  from {{ ref('usage_month') }} as usages
  inner join subscriptions
    on
      subscriptions.source_instance = usages.billing_instance
      and subscriptions.subscription_id = usages.subscription_id
  left join calendar
    on
      calendar.legal_entity_code = subscriptions.legal_entity_code
      and {{ month_end('usages.service_month') }} between calendar.first_date and calendar.last_date
),

arrivals as (
  select
    months.legal_entity_code, months.currency_code, months.period, days.event_count,
    days.event_count - days.in_time_event_count as late_count
  from months
  inner join {{ ref('metered_month') }} as metered
    on
      metered.source_instance = months.source_instance
      and metered.subscription_id = months.subscription_id
      and metered.meter_code = months.meter_code
      and metered.service_month = months.service_month
  inner join {{ ref('usage_day') }} as days
    on
      days.source_instance = months.source_instance
      and days.subscription_id = months.subscription_id
      and days.meter_code = months.meter_code
      and days.service_month = months.service_month
  where not days.is_test
),

late_value as (
  select
    cells.legal_entity_code, cells.currency_code,
    {{ period_of('calendar.period', 'cells.service_period_start') }} as period,
    sum(case when cells.cause_code in ('A02', 'A03') then abs(cells.amount_minor) else 0 end) as late_minor
  from {{ ref('bridge_allocation') }} as cells
  left join calendar
    on
      calendar.legal_entity_code = cells.legal_entity_code
      and {{ month_end('cells.service_period_start') }} between calendar.first_date and calendar.last_date
  where cells.leg = 'A'
  group by
    cells.legal_entity_code, cells.currency_code,
    {{ period_of('calendar.period', 'cells.service_period_start') }}
),

late as (
  select
    'late_arrival_percent' as kpi, legal_entity_code, currency_code, period,
    sum(late_count) as numerator,
    sum(event_count) as denominator, 100 as scale,
    'valid events that arrived after their month was metered / valid events of metered months'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from arrivals
  group by legal_entity_code, currency_code, period
),

late_amount as (
  select
    'late_arrival_value_minor' as kpi, legal_entity_code, currency_code, period,
    late_minor as numerator,
    1 as denominator, 1 as scale,
    'value of late events at contract terms (A02 and A03 of the bridge, absolute), minor units'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from late_value
),

repeated as (
  select
    'duplicate_event_percent' as kpi, legal_entity_code, currency_code, period,
    sum(conflicting_count) as numerator,
    sum(valid_count + conflicting_count) as denominator, 100 as scale,
    'deliveries of an event that differ from the copy that counts / those and the valid events'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from months
  group by legal_entity_code, currency_code, period
)

{% for part in [
  'late', 'late_amount', 'repeated',
] %}
select {{ measure | join(', ') }} from {{ part }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
