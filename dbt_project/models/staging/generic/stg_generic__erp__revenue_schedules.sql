-- One row per revenue schedule row and version: what did the source say, and when?
with

counted as (

  {{ current_rows(source('landed', 'generic__erp__revenue_schedules'), ['schedule_id'], 'upsert') }}

)

select
  source_instance,
  schedule_id,
  contract_id,
  contract_version,
  subscription_id,
  sku,
  legal_entity_code,
  currency as currency_code,
  period,
  amount,
  status,
  journal_id,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
