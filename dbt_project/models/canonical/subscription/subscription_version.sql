-- One row per version of a subscription: what was known when? Amounts that cannot be converted are null.
with

subscriptions as (

  {{ vendor_union('billing', 'subscriptions') }}

)

select
  source_instance,
  subscription_id,
  customer_id,
  contract_id,
  status,
  currency_code,
  billing_interval,
  start_date,
  end_date,
  cancelled_at,
  updated_at,
  valid_from,
  valid_to,
  is_current,
  content_hash
from subscriptions
