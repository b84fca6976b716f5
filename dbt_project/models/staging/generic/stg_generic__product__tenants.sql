-- One row per tenant and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__product__tenants'), ['tenant_id'], 'upsert') }}

)

select
  source_instance,
  tenant_id,
  billing_customer_id,
  name,
  region,
  is_test,
  created_at,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
