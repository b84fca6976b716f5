-- One row per line of a contract version: the terms of one product and time.
with

contract_lines as (

  {{ vendor_union('crm', 'contract_lines', current_only=true) }}

),

contract_versions as (

  select
    source_instance,
    contract_id,
    version,
    account_id,
    currency_code,
    status,
    signed_at,
    business_transaction_id,
    is_in_force
  from {{ ref('contract_version') }}

),

prices as (

  select
    source_instance,
    price_id
  from {{ ref('price') }}

),

with_contract as (

  select
    contract_lines.*,
    contract_versions.account_id,
    contract_versions.currency_code,
    contract_versions.status as contract_status,
    contract_versions.signed_at,
    contract_versions.business_transaction_id,
    contract_versions.is_in_force
  from contract_lines
  left join contract_versions
    on
      contract_lines.source_instance = contract_versions.source_instance
      and contract_lines.contract_id = contract_versions.contract_id
      and contract_lines.version = contract_versions.version

),

converted as (

  {{ with_minor('with_contract', ['minimum_amount']) }}

),

with_billing_instance as (

  {{ resolve_instance('converted', 'price_id', 'billing', 'prices', 'price_id') }}

)

select
  source_instance,
  contract_line_id,
  contract_id,
  version,
  sku,
  price_id,
  billing_interval,
  quantity,
  discount_percent,
  discount_until,
  included_quantity,
  minimum_amount_minor,
  effective_from,
  effective_to,
  updated_at,
  account_id,
  currency_code,
  contract_status,
  signed_at,
  business_transaction_id,
  is_in_force,
  billing_instance,
  content_hash
from with_billing_instance
