-- One row per grant of prepaid units.
with

prepaid_grants as (

  {{ vendor_union('billing', 'prepaid_grants', current_only=true) }}

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
    prepaid_grants.*,
    subscriptions.customer_id,
    subscriptions.legal_entity_code
  from prepaid_grants
  left join subscriptions
    on
      prepaid_grants.source_instance = subscriptions.source_instance
      and prepaid_grants.subscription_id = subscriptions.subscription_id

),

converted as (

  {{ with_minor('with_subscription', ['amount']) }}

)

select
  source_instance,
  grant_id,
  subscription_id,
  sku,
  quantity,
  currency_code,
  amount_minor,
  granted_at,
  expires_at,
  updated_at,
  customer_id,
  legal_entity_code,
  content_hash
from converted
