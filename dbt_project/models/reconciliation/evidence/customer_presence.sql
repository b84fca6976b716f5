-- One row per CRM account, and per account that billing names and the CRM does not have: is the customer there in every
-- system that needs it? Billing needs the customer of a signed contract, the ERP that of a subscription.
with accounts as (
  select * from {{ ref('crm_account') }}
),

parameters as (
  select * from {{ source('config', 'parameters') }}
),

customers as (
  select * from {{ ref('billing_customer') }} where crm_account_id is not null
),

subscribed as (
  select
    customers.crm_instance,
    customers.crm_account_id as account_id,
    min(subscriptions.subscription_id) as subscription_id,
    min(customers.created_at) as needed_at
  from {{ ref('subscription') }} as subscriptions
  inner join customers
    on
      customers.source_instance = subscriptions.source_instance
      and customers.customer_id = subscriptions.customer_id
  group by customers.crm_instance, customers.crm_account_id
),

signed as (
  select
    source_instance as crm_instance,
    account_id,
    min(contract_id) as contract_id,
    min(signed_at) as needed_at
  from {{ ref('contract') }}
  where is_signed and status = 'signed'
  group by source_instance, account_id
),

in_billing as (
  select crm_instance, crm_account_id as account_id, {{ joined_text('customer_id') }} as customer_ids
  from customers
  group by crm_instance, crm_account_id
),

in_erp as (
  select
    customers.crm_instance,
    customers.crm_account_id as account_id,
    {{ joined_text('erp_customers.erp_customer_id') }} as erp_customer_ids
  from {{ ref('erp_customer') }} as erp_customers
  inner join customers
    on
      customers.source_instance = erp_customers.billing_instance
      and customers.customer_id = erp_customers.billing_customer_id
  group by customers.crm_instance, customers.crm_account_id
),

has_erp as (
  select count(*) as erp_count from {{ source('config', 'sources') }} where domain = 'erp'
),

presence as (
  select
    accounts.source_instance,
    accounts.account_id,
    accounts.legal_entity_code,
    case
      when signed.account_id is not null and in_billing.account_id is null then 'missing in billing'
      when subscribed.account_id is not null and in_erp.account_id is null and has_erp.erp_count > 0
        then 'missing in ERP'
      else 'present'
    end as finding,
    in_billing.customer_ids,
    in_erp.erp_customer_ids,
    signed.contract_id,
    subscribed.subscription_id,
    case when in_billing.account_id is null then signed.needed_at else subscribed.needed_at end as needed_at
  from accounts
  cross join has_erp
  left join signed
    on signed.crm_instance = accounts.source_instance and signed.account_id = accounts.account_id
  left join subscribed
    on subscribed.crm_instance = accounts.source_instance and subscribed.account_id = accounts.account_id
  left join in_billing
    on in_billing.crm_instance = accounts.source_instance and in_billing.account_id = accounts.account_id
  left join in_erp
    on in_erp.crm_instance = accounts.source_instance and in_erp.account_id = accounts.account_id
),

orphans as (
  select
    coalesce(customers.crm_instance, customers.source_instance) as source_instance,
    customers.crm_account_id as account_id,
    min(customers.legal_entity_code) as legal_entity_code,
    'orphan' as finding,
    {{ joined_text('customers.customer_id') }} as customer_ids,
    cast(null as {{ dbt.type_string() }}) as erp_customer_ids,
    cast(null as {{ dbt.type_string() }}) as contract_id,
    cast(null as {{ dbt.type_string() }}) as subscription_id,
    min(customers.updated_at) as needed_at
  from customers
  left join accounts
    on accounts.source_instance = customers.crm_instance and accounts.account_id = customers.crm_account_id
  where accounts.account_id is null
  group by coalesce(customers.crm_instance, customers.source_instance), customers.crm_account_id
),

listed as (
  select * from presence
  union all
  select * from orphans
)

select
  listed.source_instance,
  listed.account_id,
  listed.legal_entity_code,
  listed.finding,
  listed.customer_ids,
  listed.erp_customer_ids,
  listed.contract_id,
  listed.subscription_id,
  cast({{ add_hours('listed.needed_at', 'parameters.master_data_hours') }} as timestamp) as due_at
from listed
cross join parameters
