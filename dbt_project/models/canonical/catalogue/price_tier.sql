-- One row per tier of a price.
with

price_tiers as (

  {{ vendor_union('billing', 'price_tiers', current_only=true) }}

),

price as (

  select
    source_instance,
    price_id,
    currency_code,
    scheme
  from {{ ref('price') }}

),

with_price as (

  select
    price_tiers.*,
    price.currency_code,
    price.scheme
  from price_tiers
  left join price
    on
      price_tiers.source_instance = price.source_instance
      and price_tiers.price_id = price.price_id

)

select
  source_instance,
  price_id,
  tier_number,
  up_to,
  unit_amount,
  flat_amount,
  updated_at,
  currency_code,
  scheme,
  content_hash
from with_price
