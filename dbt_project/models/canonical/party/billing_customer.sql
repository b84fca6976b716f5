-- One row per billing customer, as it is now.
with

customers as (

  {{ vendor_union('billing', 'customers', current_only=true) }}

),

legal_entities as (

  select
    source_instance,
    legal_entity_code
  from {{ ref('legal_entity') }}

),

crm_accounts as (

  select
    source_instance,
    account_id
  from {{ ref('crm_account') }}

),

with_crm_instance as (

  {{ resolve_instance('customers', 'crm_account_id', 'crm', 'crm_accounts', 'account_id') }}

),

with_erp_instance as (

  {{ resolve_instance('with_crm_instance', 'legal_entity_code', 'erp', 'legal_entities', 'legal_entity_code') }}

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
  crm_instance,
  erp_instance,
  content_hash
from with_erp_instance
