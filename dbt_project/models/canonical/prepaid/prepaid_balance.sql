-- One row per subscription, product and accounting period: the prepaid balance at its close.
with

prepaid_balances as (

  {{ vendor_union('billing', 'prepaid_balances', current_only=true) }}

),

subscriptions as (

  select
    source_instance,
    subscription_id,
    customer_id,
    legal_entity_code
  from {{ ref('subscription') }}

),

with_subscription as (

  select
    prepaid_balances.*,
    subscriptions.customer_id,
    subscriptions.legal_entity_code
  from prepaid_balances
  left join subscriptions
    on
      prepaid_balances.source_instance = subscriptions.source_instance
      and prepaid_balances.subscription_id = subscriptions.subscription_id

),

converted as (

  {{ with_minor('with_subscription', ['closing_amount']) }}

)

select
  source_instance,
  subscription_id,
  sku,
  period,
  closing_quantity,
  closing_amount_minor,
  currency_code,
  updated_at,
  customer_id,
  legal_entity_code,
  content_hash
from converted
