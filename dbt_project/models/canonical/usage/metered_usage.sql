-- One row per record that the metering pipeline handed to billing, in billed units.
with records as (
  {{ vendor_union('product', 'metered_usage') }}
),

subscriptions as (
  select source_instance, subscription_id from {{ ref('subscription') }}
),

resolved as (
  {{ resolve_instance('records', 'subscription_id', 'billing', 'subscriptions', 'subscription_id') }}
)

select
  source_instance,
  meter_record_id,
  subscription_id,
  meter_code,
  period_start,
  period_end,
  quantity,
  event_count,
  computed_at,
  {{ month_start('period_start') }} as service_month,
  billing_instance,
  content_hash
from resolved
