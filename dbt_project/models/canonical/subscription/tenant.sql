-- One row per tenant of the product.
with

tenants as (

  {{ vendor_union('product', 'tenants', current_only=true) }}

),

billing_customers as (

  select
    source_instance,
    customer_id
  from {{ ref('billing_customer') }}

),

with_billing_instance as (

  {{ resolve_instance('tenants', 'billing_customer_id', 'billing', 'billing_customers', 'customer_id') }}

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
  billing_instance,
  content_hash
from with_billing_instance
