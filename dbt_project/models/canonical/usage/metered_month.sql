-- One row per subscription, meter and service month: what did metering hand over, after its corrections?
-- Records of a sum add up; of max and unique the newest replaces the others, adding them would bill a peak twice.
with records as (
  select * from {{ ref('metered_usage') }}
),

meters as (
  select * from {{ ref('meter_month') }}
),

placed as (
  select
    records.*,
    coalesce(meters.aggregation, 'sum') as aggregation,
    meters.sku,
    row_number() over (
      partition by records.source_instance, records.subscription_id, records.meter_code, records.service_month
      order by records.computed_at desc, records.meter_record_id desc
    ) as age
  from records
  left join meters
    on
      meters.source_instance = records.source_instance
      and meters.meter_code = records.meter_code
      and meters.service_month = records.service_month
)

select
  source_instance,
  subscription_id,
  meter_code,
  service_month,
  min(billing_instance) as billing_instance,
  min(sku) as sku,
  cast(sum(case when aggregation = 'sum' or age = 1 then quantity else 0 end) as decimal(38, 9)) as quantity,
  cast(sum(case when aggregation = 'sum' or age = 1 then event_count else 0 end) as bigint) as event_count,
  count(*) as record_count,
  max(computed_at) as computed_at,
  min(meter_record_id) as first_record_id
from placed
group by source_instance, subscription_id, meter_code, service_month
