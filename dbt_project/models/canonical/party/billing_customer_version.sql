-- One row per version of a billing customer: what was known when? Amounts that cannot be converted are null.
with

customers as (

  {{ vendor_union('billing', 'customers') }}

)

select
  source_instance,
  customer_id,
  crm_account_id,
  parent_customer_id,
  name,
  email,
  legal_entity_code,
  currency_code,
  country,
  tax_id,
  payment_terms_days,
  created_at,
  updated_at,
  valid_from,
  valid_to,
  is_current,
  content_hash
from customers
