-- One row per CRM account, as it is now.
with

accounts as (

  {{ vendor_union('crm', 'accounts', current_only=true) }}

),

legal_entities as (

  select
    source_instance,
    legal_entity_code
  from {{ ref('legal_entity') }}

),

with_erp_instance as (

  {{ resolve_instance('accounts', 'legal_entity_code', 'erp', 'legal_entities', 'legal_entity_code') }}

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
  erp_instance,
  content_hash
from with_erp_instance
