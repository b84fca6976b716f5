-- One row per contract whose billing customer is known: who is billed under it, or, while nobody is, the one customer
-- of its account in the engine whose prices its lines name. Of several customers nobody knows which one it is.
with customers as (
  select * from {{ ref('billing_customer') }}
),

subscribed as (
  select crm_instance as source_instance, contract_id, min(customer_id) as customer_id
  from {{ ref('subscription') }}
  where contract_id is not null and crm_instance is not null
  group by crm_instance, contract_id
),

engines as (
  select source_instance, contract_id, min(billing_instance) as billing_instance
  from {{ ref('contract_line') }}
  group by source_instance, contract_id
),

of_accounts as (
  select contracts.source_instance, contracts.contract_id, min(customers.customer_id) as customer_id
  from {{ ref('contract') }} as contracts
  inner join customers
    on customers.crm_instance = contracts.source_instance and customers.crm_account_id = contracts.account_id
  left join engines
    on engines.source_instance = contracts.source_instance and engines.contract_id = contracts.contract_id
  where customers.source_instance = coalesce(engines.billing_instance, customers.source_instance)
  group by contracts.source_instance, contracts.contract_id
  having count(*) = 1
)

select
  coalesce(subscribed.source_instance, of_accounts.source_instance) as source_instance,
  coalesce(subscribed.contract_id, of_accounts.contract_id) as contract_id,
  coalesce(subscribed.customer_id, of_accounts.customer_id) as customer_id
from subscribed
full outer join of_accounts
  on of_accounts.source_instance = subscribed.source_instance and of_accounts.contract_id = subscribed.contract_id
