-- One row per version of a entitlement: what was known when? Amounts that cannot be converted are null.
with

entitlements as (

  {{ vendor_union('product', 'entitlements') }}

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
  valid_from,
  valid_to,
  is_current,
  content_hash
from entitlements
