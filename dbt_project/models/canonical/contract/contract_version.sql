-- One row per contract and version: what was agreed, version by version?
with

contracts as (

  {{ vendor_union('crm', 'contracts', current_only=true) }}

),

crm_accounts as (

  select
    source_instance,
    account_id,
    legal_entity_code
  from {{ ref('crm_account') }}

),

legal_entities as (

  select
    source_instance,
    legal_entity_code
  from {{ ref('legal_entity') }}

),

in_force as (

  select
    contracts.*,
    crm_accounts.legal_entity_code,
    coalesce(
      contracts.status in ('signed', 'terminated')
      and contracts.version = max(
        case when contracts.status in ('signed', 'terminated') then contracts.version end
      ) over (partition by contracts.source_instance, contracts.contract_id),
      false
    ) as is_in_force
  from contracts
  left join crm_accounts
    on
      contracts.source_instance = crm_accounts.source_instance
      and contracts.account_id = crm_accounts.account_id

),

converted as (

  {{ with_minor('in_force', ['total_value']) }}

),

with_erp_instance as (

  {{ resolve_instance('converted', 'legal_entity_code', 'erp', 'legal_entities', 'legal_entity_code') }}

)

select
  source_instance,
  contract_id,
  version,
  account_id,
  opportunity_id,
  status,
  currency_code,
  start_date,
  end_date,
  signed_at,
  total_value_minor,
  business_transaction_id,
  updated_at,
  legal_entity_code,
  erp_instance,
  is_in_force,
  content_hash
from with_erp_instance
