-- One row per subscription item: billing's operational copy of the terms.
with

subscription_items as (

  {{ vendor_union('billing', 'subscription_items', current_only=true) }}

),

subscriptions as (

  select
    source_instance,
    subscription_id,
    customer_id,
    legal_entity_code,
    currency_code,
    billing_interval
  from {{ ref('subscription') }}

),

contract_lines as (

  select
    source_instance,
    contract_line_id
  from {{ ref('contract_line') }}

),

with_subscription as (

  select
    subscription_items.*,
    subscriptions.customer_id,
    subscriptions.legal_entity_code,
    subscriptions.currency_code,
    subscriptions.billing_interval
  from subscription_items
  left join subscriptions
    on
      subscription_items.source_instance = subscriptions.source_instance
      and subscription_items.subscription_id = subscriptions.subscription_id

),

converted as (

  {{ with_minor('with_subscription', ['minimum_amount']) }}

),

with_crm_instance as (

  {{ resolve_instance('converted', 'contract_line_id', 'crm', 'contract_lines', 'contract_line_id') }}

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
  customer_id,
  legal_entity_code,
  currency_code,
  billing_interval,
  crm_instance,
  content_hash
from with_crm_instance
