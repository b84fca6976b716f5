-- One row per version of a erp customer: what was known when? Amounts that cannot be converted are null.
with

customers as (

  {{ vendor_union('erp', 'customers') }}

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
  valid_from,
  valid_to,
  is_current,
  content_hash
from customers
