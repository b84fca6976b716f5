-- One row per subscription, meter and service month whose usage cannot be tested because a rejected row may belong to
-- it, and why. `is_known` false: no accepted event or record of the cell exists.
with cells as (
  select * from {{ ref('usage_difference') }}
),

rejected as (
  select * from {{ ref('usage_not_testable') }}
),

blocked as (
  select
    cells.product_instance,
    cells.subscription_id,
    cells.meter_code,
    cells.service_month,
    min(rejected.reason) as reason
  from cells
  inner join rejected
    on
      rejected.product_instance = cells.product_instance
      and coalesce(rejected.subscription_id, cells.subscription_id) = cells.subscription_id
      and coalesce(rejected.meter_code, cells.meter_code) = cells.meter_code
      and coalesce(rejected.service_month, cells.service_month) = cells.service_month
  group by cells.product_instance, cells.subscription_id, cells.meter_code, cells.service_month
),

only_rejected as (
  select
    rejected.product_instance,
    rejected.subscription_id,
    rejected.meter_code,
    rejected.service_month,
    min(rejected.reason) as reason
  from rejected
  left join cells
    on
      cells.product_instance = rejected.product_instance
      and cells.subscription_id = rejected.subscription_id
      and cells.meter_code = rejected.meter_code
      and cells.service_month = rejected.service_month
  where
    cells.subscription_id is null
    and rejected.subscription_id is not null
    and rejected.meter_code is not null
    and rejected.service_month is not null
  group by rejected.product_instance, rejected.subscription_id, rejected.meter_code, rejected.service_month
)

select product_instance, subscription_id, meter_code, service_month, reason, true as is_known
from blocked
union all
select product_instance, subscription_id, meter_code, service_month, reason, false as is_known
from only_rejected
