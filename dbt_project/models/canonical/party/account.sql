-- One row per business account: who is one customer across CRM, billing and ERP, and who is its top parent?
{%- set rounds = 5 %}
with

crm_accounts as (

  select
    source_instance,
    account_id,
    parent_account_id,
    name,
    legal_entity_code,
    currency_code,
    country,
    segment
  from {{ ref('crm_account') }}

),

billing_customers as (

  select
    source_instance,
    customer_id,
    parent_customer_id,
    crm_instance,
    crm_account_id,
    name,
    legal_entity_code,
    currency_code,
    country
  from {{ ref('billing_customer') }}

),

erp_customers as (

  select
    source_instance,
    erp_customer_id,
    parent_erp_customer_id,
    billing_instance,
    billing_customer_id,
    name,
    legal_entity_code,
    currency_code,
    country
  from {{ ref('erp_customer') }}

),

first_erp_customers as (

  select
    billing_instance,
    billing_customer_id,
    source_instance as erp_instance,
    erp_customer_id,
    count(*) over (partition by billing_instance, billing_customer_id) as erp_customer_count
  from erp_customers
  qualify
    row_number() over (
      partition by billing_instance, billing_customer_id
      order by source_instance, erp_customer_id
    ) = 1

),

anchored_in_billing as (

  select
    'billing|' || billing_customers.source_instance || '|' || billing_customers.customer_id as account_key,
    'billing' as anchored_in,
    billing_customers.source_instance as billing_instance,
    billing_customers.customer_id,
    crm_accounts.source_instance as crm_instance,
    crm_accounts.account_id as crm_account_id,
    first_erp_customers.erp_instance,
    first_erp_customers.erp_customer_id,
    coalesce(first_erp_customers.erp_customer_count, 0) as erp_customer_count,
    billing_customers.name,
    billing_customers.legal_entity_code,
    billing_customers.currency_code,
    billing_customers.country,
    crm_accounts.segment
  from billing_customers
  left join crm_accounts
    on
      billing_customers.crm_instance = crm_accounts.source_instance
      and billing_customers.crm_account_id = crm_accounts.account_id
  left join first_erp_customers
    on
      billing_customers.source_instance = first_erp_customers.billing_instance
      and billing_customers.customer_id = first_erp_customers.billing_customer_id

),

only_in_crm as (

  select
    'crm|' || crm_accounts.source_instance || '|' || crm_accounts.account_id as account_key,
    'crm' as anchored_in,
    cast(null as string) as billing_instance,
    cast(null as string) as customer_id,
    crm_accounts.source_instance as crm_instance,
    crm_accounts.account_id as crm_account_id,
    cast(null as string) as erp_instance,
    cast(null as string) as erp_customer_id,
    0 as erp_customer_count,
    crm_accounts.name,
    crm_accounts.legal_entity_code,
    crm_accounts.currency_code,
    crm_accounts.country,
    crm_accounts.segment
  from crm_accounts
  left join billing_customers
    on
      crm_accounts.source_instance = billing_customers.crm_instance
      and crm_accounts.account_id = billing_customers.crm_account_id
  where billing_customers.customer_id is null

),

only_in_erp as (

  select
    'erp|' || erp_customers.source_instance || '|' || erp_customers.erp_customer_id as account_key,
    'erp' as anchored_in,
    cast(null as string) as billing_instance,
    cast(null as string) as customer_id,
    cast(null as string) as crm_instance,
    cast(null as string) as crm_account_id,
    erp_customers.source_instance as erp_instance,
    erp_customers.erp_customer_id,
    1 as erp_customer_count,
    erp_customers.name,
    erp_customers.legal_entity_code,
    erp_customers.currency_code,
    erp_customers.country,
    cast(null as string) as segment
  from erp_customers
  left join billing_customers
    on
      erp_customers.billing_instance = billing_customers.source_instance
      and erp_customers.billing_customer_id = billing_customers.customer_id
  where billing_customers.customer_id is null

),

accounts as (

  select * from anchored_in_billing
  union all
  select * from only_in_crm
  union all
  select * from only_in_erp

),

-- several billing customers of one CRM account: the smallest key stands for it as a parent
keys_by_crm as (

  select
    crm_instance,
    crm_account_id,
    min(account_key) as account_key
  from accounts
  where crm_account_id is not null
  group by crm_instance, crm_account_id

),

keys_by_erp as (

  select
    erp_customers.source_instance,
    erp_customers.erp_customer_id,
    coalesce(
      billing_accounts.account_key,
      'erp|' || erp_customers.source_instance || '|' || erp_customers.erp_customer_id
    ) as account_key
  from erp_customers
  left join anchored_in_billing as billing_accounts
    on
      erp_customers.billing_instance = billing_accounts.billing_instance
      and erp_customers.billing_customer_id = billing_accounts.customer_id

),

-- the CRM owns the hierarchy where it knows the account, even where it says that there is no parent
parents as (

  select
    accounts.account_key,
    case
      when accounts.crm_instance is not null then crm_parents.account_key
      when accounts.billing_instance is not null then billing_parents.account_key
      else erp_parents.account_key
    end as parent_account_key
  from accounts
  left join crm_accounts
    on
      accounts.crm_instance = crm_accounts.source_instance
      and accounts.crm_account_id = crm_accounts.account_id
  left join keys_by_crm as crm_parents
    on
      crm_accounts.source_instance = crm_parents.crm_instance
      and crm_accounts.parent_account_id = crm_parents.crm_account_id
  left join billing_customers
    on
      accounts.billing_instance = billing_customers.source_instance
      and accounts.customer_id = billing_customers.customer_id
  left join anchored_in_billing as billing_parents
    on
      billing_customers.source_instance = billing_parents.billing_instance
      and billing_customers.parent_customer_id = billing_parents.customer_id
  left join erp_customers
    on
      accounts.erp_instance = erp_customers.source_instance
      and accounts.erp_customer_id = erp_customers.erp_customer_id
  left join keys_by_erp as erp_parents
    on
      erp_customers.source_instance = erp_parents.source_instance
      and erp_customers.parent_erp_customer_id = erp_parents.erp_customer_id

),

-- each round doubles the levels climbed, so five rounds reach 32; who still has a parent then is in a circle
climbed_0 as (

  select
    account_key,
    coalesce(parent_account_key, account_key) as ancestor_key,
    case when parent_account_key is null then 0 else 1 end as levels
  from parents

),
{% for round in range(1, rounds + 1) %}
climbed_{{ round }} as (

  select
    lower_accounts.account_key,
    upper_accounts.ancestor_key,
    lower_accounts.levels + upper_accounts.levels as levels
  from climbed_{{ round - 1 }} as lower_accounts
  inner join climbed_{{ round - 1 }} as upper_accounts
    on lower_accounts.ancestor_key = upper_accounts.account_key

),
{% endfor %}
tops as (

  select
    climbed.account_key,
    climbed.ancestor_key,
    climbed.levels,
    top_parents.parent_account_key is not null as is_circular
  from climbed_{{ rounds }} as climbed
  inner join parents as top_parents
    on climbed.ancestor_key = top_parents.account_key

)

select
  accounts.account_key,
  accounts.anchored_in,
  accounts.billing_instance,
  accounts.customer_id,
  accounts.crm_instance,
  accounts.crm_account_id,
  accounts.erp_instance,
  accounts.erp_customer_id,
  cast(accounts.erp_customer_count as bigint) as erp_customer_count,
  accounts.name,
  accounts.legal_entity_code,
  accounts.currency_code,
  accounts.country,
  accounts.segment,
  parents.parent_account_key,
  case when tops.is_circular then accounts.account_key else tops.ancestor_key end as top_account_key,
  cast(case when tops.is_circular then 0 else tops.levels end as bigint) as hierarchy_level,
  tops.is_circular
from accounts
inner join parents
  on accounts.account_key = parents.account_key
inner join tops
  on accounts.account_key = tops.account_key
