-- One row per source, service month and the tenant, subscription and meter that valid events name together: which
-- records of other objects do events rest on? Each event by itself would be asked the same question a thousand times.
{{ config(**by_usage_month()) }}
-- depends_on: {{ ref('usage_partition') }}
with events as (
  select * from {{ ref('usage_event') }}
)

select
  source_instance,
  service_month,
  tenant_id,
  subscription_id,
  meter_code,
  min(event_id) as first_event_id,
  count(*) as event_count
from events
group by source_instance, service_month, tenant_id, subscription_id, meter_code
