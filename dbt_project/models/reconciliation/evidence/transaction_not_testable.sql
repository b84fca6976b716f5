-- One row per business transaction that cannot be followed through all systems, and why: a row that carries it was
-- rejected. `business_transaction_id` null: the row's key cannot be read, so it may carry any of the instance.
with links as (
  select * from {{ source('config', 'instance_links') }} where domain = 'crm'
),

rejected as (
  select 'crm.contracts' as object, source_instance, key_text, business_transaction_id, reason
  from ({{ quarantined_rows('crm', 'contracts', ['business_transaction_id']) }}) as contracts
  union all
  select 'billing.subscription_items' as object, source_instance, key_text, business_transaction_id, reason
  from ({{ quarantined_rows('billing', 'subscription_items', ['business_transaction_id']) }}) as items
  union all
  select 'product.entitlements' as object, source_instance, key_text, business_transaction_id, reason
  from ({{ quarantined_rows('product', 'entitlements', ['business_transaction_id']) }}) as entitlements
  union all
  select 'erp.ar_documents' as object, source_instance, key_text, correlation_id as business_transaction_id, reason
  from ({{ quarantined_rows('erp', 'ar_documents', ['correlation_id']) }}) as documents
),

lines as (
  select versions.source_instance, versions.business_transaction_id, contracts.reason
  from {{ ref('contract_not_testable') }} as contracts
  inner join {{ ref('contract_version') }} as versions
    on versions.source_instance = contracts.source_instance and versions.contract_id = contracts.contract_id
),

collected as (
  select
    links.linked_instance as source_instance,
    rejected.business_transaction_id,
    'a row of ' || rejected.object || coalesce(' ' || rejected.key_text, ' whose key cannot be read')
    || ' was rejected at the boundary: ' || rejected.reason as reason
  from rejected
  inner join links on links.source_instance = rejected.source_instance
  where rejected.business_transaction_id is not null or rejected.key_text is null
  union all
  select source_instance, business_transaction_id, reason from lines
)

select source_instance, business_transaction_id, min(reason) as reason
from collected
group by source_instance, business_transaction_id
