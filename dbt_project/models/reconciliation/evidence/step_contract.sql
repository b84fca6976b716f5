-- One row per step of a customer activation (the first signed version of a contract) or an amendment (every later one):
-- won and signed in the CRM, set up in billing and product, known in the ERP.
{{ config(materialized='view') }}
{% set none_text = 'cast(null as ' ~ dbt.type_string() ~ ')' %}
with values_of_versions as (
  select * from {{ ref('contract_value') }}
),

signed_versions as (
  select
    versions.*,
    worth.is_first,
    min(versions.currency_code) over (
      partition by versions.source_instance, versions.business_transaction_id
    ) = max(versions.currency_code) over (
      partition by versions.source_instance, versions.business_transaction_id
    ) as is_one_currency,
    count(*) over (partition by versions.source_instance, versions.business_transaction_id) as version_count,
    count(worth.effect_minor) over (partition by versions.source_instance, versions.business_transaction_id)
      as worth_count,
    sum(worth.effect_minor) over (partition by versions.source_instance, versions.business_transaction_id)
      as effect_sum_minor,
    row_number() over (
      partition by versions.source_instance, versions.business_transaction_id
      order by versions.contract_id, versions.version
    ) as place
  from {{ ref('contract_version') }} as versions
  inner join values_of_versions as worth
    on
      worth.source_instance = versions.source_instance
      and worth.contract_id = versions.contract_id
      and worth.version = versions.version
),

-- a transaction that signs several versions is told once, by the first of them, with the effect of all
versions as (
  select
    *,
    case when version_count = worth_count and is_one_currency then cast(effect_sum_minor as bigint) end as effect_minor,
    case when is_first then 'customer_activation' else 'amendment' end as workflow,
    {{ month_key('signed_at') }} as period
  from signed_versions
  where place = 1
),

contracts as (
  select * from {{ ref('contract_subscription') }}
),

legs as (
  select * from {{ ref('transaction_leg') }}
),

parameters as (
  select * from {{ source('config', 'parameters') }}
),

first_customers as (
  select crm_instance, crm_account_id, min(customer_id) as customer_id
  from {{ ref('billing_customer') }}
  group by crm_instance, crm_account_id
),

in_erp as (
  select
    customers.crm_instance,
    customers.crm_account_id as account_id,
    min(versions.erp_customer_id) as erp_customer_id,
    min(versions.valid_from) as occurred_at
  from {{ ref('erp_customer_version') }} as versions
  inner join {{ ref('erp_customer') }} as known
    on known.source_instance = versions.source_instance and known.erp_customer_id = versions.erp_customer_id
  inner join {{ ref('billing_customer') }} as customers
    on
      customers.source_instance = known.billing_instance
      and customers.customer_id = known.billing_customer_id
  group by customers.crm_instance, customers.crm_account_id
),

first_subscriptions as (
  select crm_instance, contract_id, min(subscription_id) as subscription_id
  from {{ ref('subscription') }}
  group by crm_instance, contract_id
),

won as (
  select
    versions.workflow, versions.business_transaction_id, versions.source_instance, 1 as step_number, 'won' as step,
    'crm' as system, 'opportunity:' || opportunities.opportunity_id as document,
    cast(opportunities.close_date as timestamp) as started_at,
    cast(opportunities.close_date as timestamp) as occurred_at,
    true as is_time_known, versions.signed_at as due_at,
    {{ letters_and_digits('opportunities.stage') }} in ('closedwon', 'won') as is_there, true as is_needed,
    case
      when {{ letters_and_digits('opportunities.stage') }} not in ('closedwon', 'won')
        then 'the contract is signed, and its opportunity stands at ' || opportunities.stage
    end as failure,
    'RevOps' as owner_role, versions.contract_id
  from versions
  inner join {{ ref('opportunity') }} as opportunities
    on
      opportunities.source_instance = versions.source_instance
      and opportunities.opportunity_id = versions.opportunity_id
  where versions.is_first
),

signed as (
  select
    workflow, business_transaction_id, source_instance, 2 as step_number,
    case when is_first then 'contract' else 'signed' end as step, 'crm' as system,
    'contract:' || contract_id as document, signed_at as started_at, signed_at as occurred_at, true as is_time_known,
    signed_at as due_at, true as is_there, true as is_needed, {{ none_text }} as failure, 'RevOps' as owner_role,
    contract_id
  from versions
),

-- an activation reaches billing with its subscription, an amendment with the items that it opens
carried as (
  select
    versions.workflow, versions.business_transaction_id, versions.source_instance,
    case legs.system when 'billing' then 3 when 'product' then 4 else 5 end as step_number,
    case legs.system
      when 'billing' then case when versions.is_first then 'subscription' else 'billing' end
      when 'product' then 'entitlement'
      else 'erp'
    end as step,
    legs.system,
    case
      when versions.is_first and legs.system = 'billing' then 'subscription:' || first_subscriptions.subscription_id
      else legs.document
    end as document,
    versions.signed_at as started_at, legs.occurred_at, legs.is_time_known, legs.due_at,
    legs.finding = 'there' as is_there, legs.is_needed,
    case when legs.finding <> 'there' then legs.words end as failure,
    case legs.system when 'billing' then 'BillingOps' when 'product' then 'RevOps' else 'RevenueAccounting' end
      as owner_role,
    versions.contract_id
  from versions
  inner join legs
    on
      legs.source_instance = versions.source_instance
      and legs.business_transaction_id = versions.business_transaction_id
  left join first_subscriptions
    on
      first_subscriptions.crm_instance = versions.source_instance
      and first_subscriptions.contract_id = versions.contract_id
  where not versions.is_first or legs.system <> 'erp'
),

known_in_erp as (
  select
    versions.workflow, versions.business_transaction_id, versions.source_instance, 5 as step_number,
    'erp_customer' as step, 'erp' as system, 'erp_customer:' || in_erp.erp_customer_id as document,
    versions.signed_at as started_at, in_erp.occurred_at, false as is_time_known,
    {{ add_hours('versions.signed_at', 'parameters.master_data_hours') }} as due_at,
    in_erp.account_id is not null as is_there, true as is_needed,
    case when in_erp.account_id is null then 'no ERP customer stands for account ' || versions.account_id end
      as failure,
    'MasterData' as owner_role, versions.contract_id
  from versions
  cross join parameters
  left join in_erp on in_erp.crm_instance = versions.source_instance and in_erp.account_id = versions.account_id
  where
    versions.is_first
    and exists (select 1 from {{ source('config', 'sources') }} as sources where sources.domain = 'erp')
),

steps as (
  select * from won
  union all
  select * from signed
  union all
  select * from carried
  union all
  select * from known_in_erp
)

select
  steps.workflow,
  steps.business_transaction_id,
  steps.source_instance,
  steps.business_transaction_id as correlation_id,
  steps.step_number,
  steps.step,
  steps.system,
  steps.document,
  cast(steps.started_at as timestamp) as started_at,
  cast(steps.occurred_at as timestamp) as occurred_at,
  steps.is_time_known,
  cast(steps.due_at as timestamp) as due_at,
  steps.is_there,
  steps.is_needed,
  steps.failure,
  {{ none_text }} as failure_class,
  versions.effect_minor,
  versions.currency_code,
  versions.legal_entity_code,
  coalesce(contracts.customer_id, first_customers.customer_id) as customer_id,
  versions.period,
  steps.owner_role
from steps
inner join versions
  on
    versions.source_instance = steps.source_instance
    and versions.business_transaction_id = steps.business_transaction_id
    and versions.contract_id = steps.contract_id
left join contracts
  on contracts.source_instance = versions.source_instance and contracts.contract_id = versions.contract_id
left join first_customers
  on
    first_customers.crm_instance = versions.source_instance
    and first_customers.crm_account_id = versions.account_id
