-- One row per subscription and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__billing__subscriptions'), ['subscription_id'], 'upsert') }}

)

select
  source_instance,
  subscription_id,
  customer_id,
  contract_id,
  status,
  currency as currency_code,
  billing_interval,
  start_date,
  end_date,
  cancelled_at,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
