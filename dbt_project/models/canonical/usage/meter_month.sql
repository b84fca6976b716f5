-- One row per meter and service month with events or records: which product and aggregation does the month bill by? A
-- multiplier may change within the month, so quantities are converted day by day; product and aggregation are the
-- month's.
with meters as (
  select * from {{ ref('meter_span') }}
),

event_months as (
  select distinct source_instance, meter_code, service_month from {{ ref('usage_day') }}
  union
  select distinct source_instance, meter_code, service_month from {{ ref('metered_usage') }}
),

candidates as (
  select
    event_months.source_instance,
    event_months.meter_code,
    event_months.service_month,
    meters.sku,
    meters.aggregation,
    meters.effective_from,
    row_number() over (
      partition by event_months.source_instance, event_months.meter_code, event_months.service_month
      order by meters.effective_from
    ) as age
  from event_months
  inner join meters
    on
      meters.source_instance = event_months.source_instance
      and meters.meter_code = event_months.meter_code
      and meters.effective_from < {{ add_months('event_months.service_month', 1) }}
      and (meters.effective_to is null or meters.effective_to > event_months.service_month)
)

select
  source_instance,
  meter_code,
  service_month,
  sku,
  aggregation
from candidates
where age = 1
