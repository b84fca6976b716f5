-- One row per entitlement and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__product__entitlements'), ['entitlement_id'], 'upsert') }}

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
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
