-- One row per entitlement: what may a tenant use, from when to when?
with

entitlements as (

  {{ vendor_union('product', 'entitlements', current_only=true) }}

),

tenants as (

  select
    source_instance,
    tenant_id,
    is_test
  from {{ ref('tenant') }}

),

subscriptions as (

  select
    source_instance,
    subscription_id
  from {{ ref('subscription') }}

),

with_tenant as (

  select
    entitlements.*,
    tenants.is_test as is_test_tenant
  from entitlements
  left join tenants
    on
      entitlements.source_instance = tenants.source_instance
      and entitlements.tenant_id = tenants.tenant_id

),

with_billing_instance as (

  {{ resolve_instance('with_tenant', 'subscription_id', 'billing', 'subscriptions', 'subscription_id') }}

)

select
  source_instance,
  entitlement_id,
  tenant_id,
  subscription_id,
  sku,
  limit_quantity,
  status,
  effective_from,
  effective_to,
  business_transaction_id,
  updated_at,
  is_test_tenant,
  billing_instance,
  content_hash
from with_billing_instance
