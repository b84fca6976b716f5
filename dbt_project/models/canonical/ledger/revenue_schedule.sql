-- One row per contract version, product and month of recognition.
with

revenue_schedules as (

  {{ vendor_union('erp', 'revenue_schedules', current_only=true) }}

),

contracts as (

  select
    source_instance,
    contract_id
  from {{ ref('contract') }}

),

subscriptions as (

  select
    source_instance,
    subscription_id
  from {{ ref('subscription') }}

),

converted as (

  {{ with_minor('revenue_schedules', ['amount']) }}

),

with_billing_instance as (

  {{ resolve_instance('converted', 'subscription_id', 'billing', 'subscriptions', 'subscription_id') }}

),

with_crm_instance as (

  {{ resolve_instance('with_billing_instance', 'contract_id', 'crm', 'contracts', 'contract_id') }}

)

select
  source_instance,
  schedule_id,
  contract_id,
  contract_version,
  subscription_id,
  sku,
  legal_entity_code,
  currency_code,
  period,
  amount_minor,
  status,
  journal_id,
  updated_at,
  billing_instance,
  crm_instance,
  content_hash
from with_crm_instance
