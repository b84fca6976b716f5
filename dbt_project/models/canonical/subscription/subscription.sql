-- One row per subscription, as it is now.
with

subscriptions as (

  {{ vendor_union('billing', 'subscriptions', current_only=true) }}

),

customers as (

  select
    source_instance,
    customer_id,
    legal_entity_code
  from {{ ref('billing_customer') }}

),

contracts as (

  select
    source_instance,
    contract_id
  from {{ ref('contract') }}

),

with_customer as (

  select
    subscriptions.*,
    customers.legal_entity_code
  from subscriptions
  left join customers
    on
      subscriptions.source_instance = customers.source_instance
      and subscriptions.customer_id = customers.customer_id

),

with_crm_instance as (

  {{ resolve_instance('with_customer', 'contract_id', 'crm', 'contracts', 'contract_id') }}

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
  legal_entity_code,
  crm_instance,
  content_hash
from with_crm_instance
