-- One row per contract and contract version and version: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__crm__contracts'), ['contract_id', 'version'], 'upsert') }}

)

select
  source_instance,
  contract_id,
  version,
  account_id,
  opportunity_id,
  status,
  currency as currency_code,
  start_date,
  end_date,
  signed_at,
  total_value,
  business_transaction_id,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
