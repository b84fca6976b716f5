-- One row per CRM account whose customer records cannot be compared, and why: a row of the account in the CRM, billing
-- or ERP was rejected. `account_id` null: the row's key cannot be read, so it may be of any account of the instance.
with rejected as (
  select 'crm' as system, source_instance, key_text, key_text as account_id, reason
  from ({{ quarantined_rows('crm', 'accounts', []) }}) as accounts
  union all
  select 'billing' as system, source_instance, key_text, crm_account_id as account_id, reason
  from ({{ quarantined_rows('billing', 'customers', ['crm_account_id']) }}) as customers
  union all
  select 'erp' as system, source_instance, key_text, billing_customer_id as account_id, reason
  from ({{ quarantined_rows('erp', 'customers', ['billing_customer_id']) }}) as erp_customers
),

links as (
  select * from {{ source('config', 'instance_links') }} where domain = 'crm'
),

customers as (
  select * from {{ ref('billing_customer') }}
),

-- of the ERP the row names a billing customer, of billing it may name none: then it is found by its own key
named as (
  select
    rejected.system,
    rejected.source_instance,
    rejected.key_text,
    rejected.reason,
    coalesce(of_customer.crm_account_id, case when rejected.system <> 'erp' then rejected.account_id end) as account_id,
    coalesce(of_customer.crm_instance, links.linked_instance) as crm_instance,
    case when rejected.system = 'erp' then rejected.account_id end as billing_customer_id
  from rejected
  inner join links on links.source_instance = rejected.source_instance
  left join customers as of_customer
    on
      (
        rejected.system = 'billing'
        and rejected.account_id is null
        and of_customer.source_instance = rejected.source_instance
        and of_customer.customer_id = rejected.key_text
      )
      or (rejected.system = 'erp' and of_customer.customer_id = rejected.account_id)
)

-- a customer that names no account, or one that nobody knows, is of no account that is compared
select
  crm_instance,
  account_id,
  min(
    'a row of '
    || case system when 'crm' then 'crm.accounts' when 'billing' then 'billing.customers' else 'erp.customers' end
    || coalesce(' ' || key_text, ' whose key cannot be read') || ' was rejected at the boundary: ' || reason
  ) as reason
from named
where account_id is not null or (key_text is null and billing_customer_id is null)
group by crm_instance, account_id
