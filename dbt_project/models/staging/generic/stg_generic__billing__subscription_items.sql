-- One row per subscription item and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__billing__subscription_items'), ['item_id'], 'upsert') }}

)

select
  source_instance,
  item_id,
  subscription_id,
  contract_line_id,
  sku,
  price_id,
  quantity,
  discount_percent,
  discount_until,
  included_quantity,
  minimum_amount,
  effective_from,
  effective_to,
  business_transaction_id,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
