-- One row per pair of master records that may be one customer, and that no key joins: customers of one billing instance
-- and entity (duplicates), and CRM accounts and ERP customers that no customer links (crosswalk). They share a name, an
-- e-mail address or a tax number; a pair that R19 reports is no suggestion any more.
with customers as (
  select * from {{ ref('billing_customer') }}
),

crm_accounts as (
  select * from {{ ref('crm_account') }}
),

erp_customers as (
  select * from {{ ref('erp_customer') }}
),

-- an account and an ERP customer that a billing customer joins are known to be one
joined_accounts as (
  select distinct customers.crm_instance as source_instance, customers.crm_account_id as account_id
  from customers
  inner join erp_customers
    on
      erp_customers.billing_instance = customers.source_instance
      and erp_customers.billing_customer_id = customers.customer_id
  where customers.crm_account_id is not null
),

joined_erp_customers as (
  select distinct erp_customers.source_instance, erp_customers.erp_customer_id
  from erp_customers
  inner join customers
    on
      customers.source_instance = erp_customers.billing_instance
      and customers.customer_id = erp_customers.billing_customer_id
  where customers.crm_account_id is not null
),

records as (
  select
    'duplicate' as link, 'billing.customers' as object, source_instance, source_instance as scope,
    customer_id as record_id, parent_customer_id as parent_id, crm_account_id, name, email, tax_id, country,
    legal_entity_code, created_at
  from customers
  union all
  select
    'crosswalk' as link, 'crm.accounts' as object, crm_accounts.source_instance, links.linked_instance as scope,
    crm_accounts.account_id as record_id, crm_accounts.parent_account_id as parent_id, null as crm_account_id,
    crm_accounts.name, null as email, crm_accounts.tax_id, crm_accounts.country, crm_accounts.legal_entity_code,
    null as created_at
  from crm_accounts
  inner join {{ source('config', 'instance_links') }} as links
    on links.source_instance = crm_accounts.source_instance and links.domain = 'erp'
  left join joined_accounts
    on
      joined_accounts.source_instance = crm_accounts.source_instance
      and joined_accounts.account_id = crm_accounts.account_id
  where joined_accounts.account_id is null
  union all
  select
    'crosswalk' as link, 'erp.customers' as object, erp_customers.source_instance,
    erp_customers.source_instance as scope, erp_customers.erp_customer_id as record_id,
    erp_customers.parent_erp_customer_id as parent_id, null as crm_account_id, erp_customers.name, null as email,
    erp_customers.tax_id, erp_customers.country, erp_customers.legal_entity_code, null as created_at
  from erp_customers
  left join joined_erp_customers
    on
      joined_erp_customers.source_instance = erp_customers.source_instance
      and joined_erp_customers.erp_customer_id = erp_customers.erp_customer_id
  where joined_erp_customers.erp_customer_id is null
),

comparable as (
  select
    link, object, source_instance, scope, record_id, parent_id, crm_account_id, legal_entity_code, created_at,
    {{ normalised('name', "'name'") }} as name,
    nullif(lower(trim(email)), '') as email,
    {{ normalised('tax_id', "'identifier'") }} as tax_id,
    {{ normalised('country', "'code'") }} as country
  from records
),

keyed as (
  select *, 'name ' || {{ without_legal_form('name') }} as block from comparable where name is not null
  union all
  select *, 'email ' || email as block from comparable where email is not null
  union all
  select *, 'tax ' || tax_id as block from comparable where tax_id is not null
),

-- a value that dozens of records share, a reseller's address or a placeholder, tells nothing
narrow as (
  select *
  from keyed
  qualify count(*) over (partition by link, scope, legal_entity_code, block) <= 20
)

select distinct
  lefts.link,
  lefts.object as left_object,
  lefts.source_instance as left_instance,
  lefts.record_id as left_id,
  lefts.name as left_name,
  lefts.email as left_email,
  lefts.tax_id as left_tax_id,
  lefts.country as left_country,
  rights.object as right_object,
  rights.source_instance as right_instance,
  rights.record_id as right_id,
  rights.name as right_name,
  rights.email as right_email,
  rights.tax_id as right_tax_id,
  rights.country as right_country,
  lefts.legal_entity_code
from narrow as lefts
inner join narrow as rights
  on
    rights.link = lefts.link
    and rights.scope = lefts.scope
    and rights.legal_entity_code = lefts.legal_entity_code
    and rights.block = lefts.block
where
  case
    when lefts.link = 'crosswalk' then lefts.object = 'crm.accounts' and rights.object = 'erp.customers'
    else
      (
        lefts.created_at < rights.created_at
        or (lefts.created_at = rights.created_at and lefts.record_id < rights.record_id)
      )
      and coalesce(lefts.parent_id <> rights.record_id, true)
      and coalesce(rights.parent_id <> lefts.record_id, true)
      and coalesce(lefts.crm_account_id <> rights.crm_account_id, true)
      and not coalesce(lefts.tax_id = rights.tax_id and lefts.email = rights.email, false)
  end
