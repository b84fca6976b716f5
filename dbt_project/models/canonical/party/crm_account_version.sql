-- One row per version of a crm account: what was known when? Amounts that cannot be converted are null.
with

accounts as (

  {{ vendor_union('crm', 'accounts') }}

)

select
  source_instance,
  account_id,
  parent_account_id,
  name,
  legal_entity_code,
  country,
  tax_id,
  currency_code,
  payment_terms_days,
  segment,
  status,
  updated_at,
  valid_from,
  valid_to,
  is_current,
  content_hash
from accounts
