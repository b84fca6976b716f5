-- One row per customer and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__erp__customers'), ['erp_customer_id'], 'upsert') }}

)

select
  source_instance,
  erp_customer_id,
  billing_customer_id,
  parent_erp_customer_id,
  name,
  legal_entity_code,
  currency as currency_code,
  country,
  tax_id,
  payment_terms_days,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
