-- One row per CRM account, field, record that holds it (in the CRM, billing or ERP) and version: which value stood
-- there, from when? `value_key` is the value after the policy's normaliser, so that equal keys are equal values.
{{ config(materialized='view') }}
{% set fields = [
  'name', 'country', 'legal_entity_code', 'currency', 'tax_id', 'payment_terms_days', 'parent_account_id',
] %}
with billing_customers as (
  select * from {{ ref('billing_customer') }}
),

erp_customers as (
  select * from {{ ref('erp_customer') }}
),

parameters as (
  select * from {{ source('config', 'parameters') }}
),

-- how to compare a field is the same for every entity that has no rule of its own
normalisers as (
  select policy.field, policy.normaliser
  from {{ source('config', 'authority') }} as policy
  cross join parameters
  where
    policy.domain in ('account', 'hierarchy')
    and policy.legal_entity_code is null
    and policy.valid_from <= cast(parameters.as_of as date)
    and (policy.valid_to is null or policy.valid_to > cast(parameters.as_of as date))
  qualify row_number() over (partition by policy.field order by policy.rank, policy.normaliser) = 1
),

in_crm as (
  select
    source_instance as crm_instance, account_id, 'crm' as system, source_instance, account_id as record_id, name,
    country, legal_entity_code, currency_code as currency, tax_id,
    cast(payment_terms_days as {{ dbt.type_string() }}) as payment_terms_days,
    parent_account_id, cast(null as {{ dbt.type_string() }}) as unmapped_parent, valid_from, is_current
  from {{ ref('crm_account_version') }}
),

-- a parent is compared as the CRM account that it stands for; a record of no account has no comparable parent
in_billing as (
  select
    customers.crm_instance, customers.crm_account_id as account_id, 'billing' as system, versions.source_instance,
    versions.customer_id as record_id, versions.name, versions.country, versions.legal_entity_code,
    versions.currency_code as currency, versions.tax_id,
    cast(versions.payment_terms_days as {{ dbt.type_string() }}) as payment_terms_days,
    parents.crm_account_id as parent_account_id,
    case when parents.crm_account_id is null then versions.parent_customer_id end as unmapped_parent,
    versions.valid_from, versions.is_current
  from {{ ref('billing_customer_version') }} as versions
  inner join billing_customers as customers
    on customers.source_instance = versions.source_instance and customers.customer_id = versions.customer_id
  left join billing_customers as parents
    on parents.source_instance = versions.source_instance and parents.customer_id = versions.parent_customer_id
  where customers.crm_account_id is not null and customers.crm_instance is not null
),

in_erp as (
  select
    customers.crm_instance, customers.crm_account_id as account_id, 'erp' as system, versions.source_instance,
    versions.erp_customer_id as record_id, versions.name, versions.country, versions.legal_entity_code,
    versions.currency_code as currency, versions.tax_id,
    cast(versions.payment_terms_days as {{ dbt.type_string() }}) as payment_terms_days,
    parents.crm_account_id as parent_account_id,
    case when parents.crm_account_id is null then versions.parent_erp_customer_id end as unmapped_parent,
    versions.valid_from, versions.is_current
  from {{ ref('erp_customer_version') }} as versions
  inner join erp_customers as owned
    on owned.source_instance = versions.source_instance and owned.erp_customer_id = versions.erp_customer_id
  inner join billing_customers as customers
    on customers.source_instance = owned.billing_instance and customers.customer_id = owned.billing_customer_id
  left join erp_customers as erp_parents
    on
      erp_parents.source_instance = versions.source_instance
      and erp_parents.erp_customer_id = versions.parent_erp_customer_id
  left join billing_customers as parents
    on
      parents.source_instance = erp_parents.billing_instance
      and parents.customer_id = erp_parents.billing_customer_id
  where customers.crm_account_id is not null and customers.crm_instance is not null
),

holders as (
  select * from in_crm
  union all
  select * from in_billing
  union all
  select * from in_erp
),

field_values as (
  {% for field in fields %}
  select
    crm_instance, account_id, '{{ field }}' as field, system, source_instance, record_id,
    {{ field }} as raw_value,
    {{ 'unmapped_parent' if field == 'parent_account_id' else 'cast(null as ' ~ dbt.type_string() ~ ')' }}
      as unmapped_value,
    valid_from, is_current
  from holders
  {{ 'union all' if not loop.last }}
  {% endfor %}
),

comparable as (
  select
    field_values.*,
    coalesce({{ normalised('field_values.raw_value', 'normalisers.normaliser') }}, '') as value_key
  from field_values
  left join normalisers on normalisers.field = field_values.field
),

preceded as (
  select
    *,
    lag(value_key) over (
      partition by crm_instance, account_id, field, system, source_instance, record_id order by valid_from
    ) as previous_key
  from comparable
),

changes as (
  select
    *,
    case when previous_key is null or previous_key <> value_key then valid_from end as changed_at
  from preceded
)

select
  crm_instance,
  account_id,
  field,
  system,
  source_instance,
  record_id,
  raw_value,
  unmapped_value,
  value_key,
  valid_from,
  is_current,
  max(changed_at) over (
    partition by crm_instance, account_id, field, system, source_instance, record_id order by valid_from
    rows between unbounded preceding and current row
  ) as held_since,
  min(valid_from) over (partition by crm_instance, account_id, field, system, source_instance, record_id)
    as first_held_at
from changes
