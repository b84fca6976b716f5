-- One row per customer and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__billing__customers'), ['customer_id'], 'upsert') }}

)

select
  source_instance,
  customer_id,
  crm_account_id,
  parent_customer_id,
  name,
  email,
  legal_entity_code,
  currency as currency_code,
  country,
  tax_id,
  payment_terms_days,
  created_at,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
