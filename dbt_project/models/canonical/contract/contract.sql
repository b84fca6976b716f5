-- One row per contract, with the terms in force: the newest signed version, else the newest draft.
with

contract_versions as (

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
  from {{ ref('contract_version') }}

),

newest as (

  select
    source_instance,
    contract_id,
    max(version) as latest_version,
    coalesce(
      max(case when is_in_force then version end),
      max(version)
    ) as version_in_force
  from contract_versions
  group by source_instance, contract_id

),

in_force as (

  select
    contract_versions.*,
    contract_versions.is_in_force as is_signed,
    newest.latest_version
  from contract_versions
  inner join newest
    on
      contract_versions.source_instance = newest.source_instance
      and contract_versions.contract_id = newest.contract_id
      and contract_versions.version = newest.version_in_force

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
  is_signed,
  latest_version,
  content_hash
from in_force
