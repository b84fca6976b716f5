-- One row per CRM account, field and record that follows it: does it hold what the owner of the field holds, and if
-- not, in which way does it drift? The policy is the one in force when the compared value was written.
{{ config(materialized='view') }}
with held as (
  select * from {{ ref('customer_value_version') }}
),

accounts as (
  select * from {{ ref('crm_account') }}
),

connected as (
  select distinct domain from {{ source('config', 'sources') }}
),

current_values as (
  select * from held where is_current
),

compared_fields as (
  select
    current_values.crm_instance,
    current_values.account_id,
    current_values.field,
    accounts.legal_entity_code,
    cast(max(current_values.held_since) as date) as compared_on
  from current_values
  inner join accounts
    on
      accounts.source_instance = current_values.crm_instance
      and accounts.account_id = current_values.account_id
  group by
    current_values.crm_instance, current_values.account_id, current_values.field, accounts.legal_entity_code
),

policies as (
  {{ authority_of('compared_fields', ['crm_instance', 'account_id'], ['account', 'hierarchy']) }}
),

owners as (
  select distinct crm_instance, account_id, field, owner_system from policies
),

owner_records as (
  select current_values.*
  from owners
  inner join current_values
    on
      current_values.crm_instance = owners.crm_instance
      and current_values.account_id = owners.account_id
      and current_values.field = owners.field
      and current_values.system = owners.owner_system
),

owner_sides as (
  select
    crm_instance,
    account_id,
    field,
    {{ joined_text('raw_value', ', ') }} as owner_value,
    {{ joined_text('record_id', ', ') }} as owner_records,
    max(held_since) as owner_since,
    max(case when held_since > first_held_at then 1 else 0 end) = 1 as has_owner_changed,
    min(unmapped_value) as owner_unmapped
  from owner_records
  group by crm_instance, account_id, field
),

owner_values as (
  select
    crm_instance, account_id, field, value_key,
    min(raw_value) as smallest_raw, max(raw_value) as largest_raw, min(held_since) as owner_held_since
  from owner_records
  group by crm_instance, account_id, field, value_key
),

owner_history as (
  select distinct held.crm_instance, held.account_id, held.field, held.value_key
  from owners
  inner join held
    on
      held.crm_instance = owners.crm_instance
      and held.account_id = owners.account_id
      and held.field = owners.field
      and held.system = owners.owner_system
),

-- a follower that has no record of the parent cannot name it
known_accounts as (
  select distinct crm_instance, account_id, system from current_values where field = 'name'
),

followers as (
  select
    policies.crm_instance,
    policies.account_id,
    policies.field,
    policies.model,
    policies.owner_system,
    policies.owner_name,
    policies.via_system,
    policies.from_system,
    policies.allowed_lag_minutes,
    policies.severity,
    policies.is_finance,
    policies.policy_from,
    connected.domain is not null as is_owner_connected,
    current_values.system,
    current_values.source_instance,
    current_values.record_id,
    current_values.raw_value,
    current_values.value_key,
    current_values.held_since,
    current_values.held_since > current_values.first_held_at as has_changed,
    current_values.unmapped_value,
    owner_sides.owner_value,
    owner_sides.owner_records,
    owner_sides.owner_since,
    owner_sides.has_owner_changed,
    owner_sides.owner_unmapped,
    owner_values.owner_held_since,
    owner_values.value_key is not null as is_equal,
    coalesce(current_values.raw_value, '')
    in (coalesce(owner_values.smallest_raw, ''), coalesce(owner_values.largest_raw, '')) as is_raw_equal,
    owner_history.value_key is not null as was_owners,
    -- an account may have customers in several entities: one of them is the owner's
    max(case when owner_values.value_key is not null then 1 else 0 end) over (
      partition by policies.crm_instance, policies.account_id, policies.field, current_values.system
    ) = 1 as is_held_beside,
    policies.field = 'parent_account_id'
    and owner_sides.owner_value is not null
    and known_accounts.account_id is null as is_parent_unknown
  from policies
  inner join current_values
    on
      current_values.crm_instance = policies.crm_instance
      and current_values.account_id = policies.account_id
      and current_values.field = policies.field
      and current_values.system = policies.follower_system
  left join connected on connected.domain = policies.owner_system
  left join owner_sides
    on
      owner_sides.crm_instance = policies.crm_instance
      and owner_sides.account_id = policies.account_id
      and owner_sides.field = policies.field
  left join owner_values
    on
      owner_values.crm_instance = policies.crm_instance
      and owner_values.account_id = policies.account_id
      and owner_values.field = policies.field
      and owner_values.value_key = current_values.value_key
  left join owner_history
    on
      owner_history.crm_instance = policies.crm_instance
      and owner_history.account_id = policies.account_id
      and owner_history.field = policies.field
      and owner_history.value_key = current_values.value_key
  left join known_accounts
    on
      known_accounts.crm_instance = policies.crm_instance
      and known_accounts.account_id = owner_sides.owner_value
      and known_accounts.system = current_values.system
)

select
  crm_instance,
  account_id,
  field,
  model,
  owner_system,
  owner_name,
  via_system,
  system,
  source_instance,
  record_id,
  raw_value,
  owner_value,
  owner_records,
  owner_since,
  held_since,
  allowed_lag_minutes,
  severity,
  is_finance,
  policy_from,
  case
    when owner_system not in ('crm', 'billing', 'erp')
      then
        'the authority policy names ' || owner_name || ' as owner of ' || field
        || ', and no object of it holds the field'
    when not is_owner_connected
      then
        'the authority policy names ' || owner_name || ' as owner of ' || field
        || ', and no source of that system is connected'
    when coalesce(unmapped_value, owner_unmapped) is not null
      then
        'the parent ' || coalesce(unmapped_value, owner_unmapped)
        || ' stands for no CRM account, so it cannot be compared'
  end as untestable,
  case
    when owner_records is null then 'no owner'
    when is_equal and is_raw_equal and has_changed and has_owner_changed and held_since < owner_held_since
      then 'backward'
    when is_equal and is_raw_equal then 'same'
    when is_equal then 'semantic'
    when field in ('legal_entity_code', 'currency') and is_held_beside then 'same'
    when is_parent_unknown and value_key = '' then 'same'
    when was_owners then 'late'
    when value_key = '' then 'missing'
    when owner_value is null then 'orphan'
    else 'rogue write'
  end as drift
from followers
