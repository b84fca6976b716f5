-- One row per account and version, as the generic vendor states it: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__crm__accounts'), ['account_id'], 'upsert') }}

)

select
  source_instance,
  account_id,
  parent_account_id,
  name,
  legal_entity_code,
  country,
  tax_id,
  currency as currency_code,
  payment_terms_days,
  segment,
  status,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
