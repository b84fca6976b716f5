-- One row per ERP customer, as it is now.
with

customers as (

  {{ vendor_union('erp', 'customers', current_only=true) }}

),

billing_customers as (

  select
    source_instance,
    customer_id
  from {{ ref('billing_customer') }}

),

with_billing_instance as (

  {{ resolve_instance('customers', 'billing_customer_id', 'billing', 'billing_customers', 'customer_id') }}

)

select
  source_instance,
  erp_customer_id,
  billing_customer_id,
  parent_erp_customer_id,
  name,
  legal_entity_code,
  currency_code,
  country,
  tax_id,
  payment_terms_days,
  updated_at,
  billing_instance,
  content_hash
from with_billing_instance
