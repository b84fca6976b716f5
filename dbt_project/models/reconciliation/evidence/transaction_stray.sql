-- One row per business transaction that billing or the product carries for a contract, and that no signed version of a
-- contract has: an order that was carried out without, or before, a signature.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

subscriptions as (
  select * from {{ ref('subscription') }} where contract_id is not null and crm_instance is not null
),

versions as (
  select * from {{ ref('contract_version') }}
),

carried as (
  select
    subscriptions.crm_instance, subscriptions.contract_id, subscriptions.currency_code,
    subscriptions.legal_entity_code, items.business_transaction_id,
    'subscription_item:' || items.item_id as record, items.updated_at
  from {{ ref('subscription_item') }} as items
  inner join subscriptions
    on
      subscriptions.source_instance = items.source_instance
      and subscriptions.subscription_id = items.subscription_id
  where items.business_transaction_id is not null
  union all
  select
    subscriptions.crm_instance, subscriptions.contract_id, subscriptions.currency_code,
    subscriptions.legal_entity_code, entitlements.business_transaction_id,
    'entitlement:' || entitlements.entitlement_id as record, entitlements.updated_at
  from {{ ref('entitlement') }} as entitlements
  inner join subscriptions
    on
      subscriptions.source_instance = entitlements.billing_instance
      and subscriptions.subscription_id = entitlements.subscription_id
  where entitlements.business_transaction_id is not null
),

signed as (
  select distinct source_instance, business_transaction_id
  from versions
  where status in ('signed', 'terminated') and signed_at is not null
),

drafts as (
  select distinct source_instance, business_transaction_id
  from versions
  where status = 'draft' or signed_at is null
)

select
  carried.crm_instance as source_instance,
  carried.business_transaction_id,
  min(carried.contract_id) as contract_id,
  min(carried.currency_code) as currency_code,
  min(carried.legal_entity_code) as legal_entity_code,
  {{ joined_text('carried.record', ', ') }} as records,
  max(case when drafts.business_transaction_id is not null then 1 else 0 end) = 1 as is_draft,
  cast({{ add_hours('max(carried.updated_at)', 'max(parameters.master_data_hours)') }} as timestamp) as due_at
from carried
cross join parameters
left join signed
  on
    signed.source_instance = carried.crm_instance
    and signed.business_transaction_id = carried.business_transaction_id
left join drafts
  on
    drafts.source_instance = carried.crm_instance
    and drafts.business_transaction_id = carried.business_transaction_id
where signed.business_transaction_id is null
group by carried.crm_instance, carried.business_transaction_id
