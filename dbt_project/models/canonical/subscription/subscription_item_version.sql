-- One row per version of a subscription item: what was known when? Amounts that cannot be converted are null.
with

subscription_items as (

  {{ vendor_union('billing', 'subscription_items') }}

),

subscriptions as (

  select
    source_instance,
    subscription_id,
    currency_code
  from {{ ref('subscription') }}

),

with_currency as (

  select
    subscription_items.*,
    subscriptions.currency_code
  from subscription_items
  left join subscriptions
    on
      subscription_items.source_instance = subscriptions.source_instance
      and subscription_items.subscription_id = subscriptions.subscription_id

),

converted as (

  {{ with_minor('with_currency', ['minimum_amount'], keep_all=true) }}

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
  minimum_amount_minor,
  effective_from,
  effective_to,
  business_transaction_id,
  updated_at,
  valid_from,
  valid_to,
  is_current,
  content_hash
from converted
