-- One row per subscription, product and period and version: what did the source say, and when?
with

counted as (

  {{ current_rows(
    source('landed', 'generic__billing__prepaid_balances'), ['subscription_id', 'sku', 'period'], 'upsert'
  ) }}

)

select
  source_instance,
  subscription_id,
  sku,
  period,
  closing_quantity,
  closing_amount,
  currency as currency_code,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
