-- One row per CRM account and field: do the systems that follow hold what the owner of the field holds, as the
-- authority policy in force when the value was written has it? Beside them, under the hub model, its three checks.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

accounts as (
  select * from {{ ref('crm_account') }}
),

first_customers as (
  select crm_instance, crm_account_id, min(customer_id) as customer_id
  from {{ ref('billing_customer') }}
  group by crm_instance, crm_account_id
),

rejected as (
  select * from {{ ref('customer_not_testable') }}
),

timed as (
  select
    drifts.*,
    cast({{ add_hours(
      'greatest(drifts.owner_since, drifts.held_since)',
      'greatest(parameters.master_data_hours, ' ~ int_div('coalesce(drifts.allowed_lag_minutes, 0) + 59', 60) ~ ')'
    ) }} as timestamp) as due_at,
    case drifts.drift
      when 'rogue write' then 1 when 'orphan' then 2 when 'missing' then 3 when 'late' then 4 when 'semantic' then 5
      when 'backward' then 6 else 7
    end as weight
  from {{ ref('customer_drift') }} as drifts
  cross join parameters
  where drifts.drift <> 'no owner' or drifts.untestable is not null
),

worded as (
  select
    *,
    {{ system_words('system') }} || ' (' || record_id || ') holds ' || coalesce(raw_value, 'nothing') || case drift
      when 'rogue write'
        then ', which ' || {{ system_words('owner_name') }} || ' never held: a write of its own (rogue write)'
      when 'late' then ', an older value of ' || {{ system_words('owner_name') }} || ': it has not followed (late)'
      when 'missing' then ': the value never arrived (missing)'
      when 'orphan' then ', for which ' || {{ system_words('owner_name') }} || ' has no value (orphan)'
      when 'semantic' then ', written differently but the same after normalising (semantic, S4)'
      when 'backward' then ' and held it before ' || {{ system_words('owner_name') }} || ' did: it flowed backward'
    end
    || case
      when drift = 'rogue write' and is_finance
        then '. A write to a finance field by a system that does not own it is S1'
      else ''
    end as words
  from timed
  where drift not in ('same', 'no owner')
),

-- what is overdue comes before what may still arrive, and of that the gravest drift
gravest as (
  select worded.*
  from worded
  cross join parameters
  qualify
    row_number() over (
      partition by worded.crm_instance, worded.account_id, worded.field
      order by
        case when worded.weight <= 4 and worded.due_at <= parameters.as_of then 0 else 1 end,
        worded.weight, worded.system, worded.source_instance, worded.record_id
    ) = 1
),

all_words as (
  select
    crm_instance,
    account_id,
    field,
    {{ joined_text('words', '; ') }} as words,
    {{ joined_text("system || ' ' || record_id", ', ') }} as records
  from worded
  group by crm_instance, account_id, field
),

fields as (
  select
    crm_instance,
    account_id,
    field,
    max(owner_name) as owner_name,
    max(owner_system) as owner_system,
    max(model) as model,
    max(via_system) as via_system,
    max(owner_value) as owner_value,
    max(owner_records) as owner_records,
    max(policy_from) as policy_from,
    min(untestable) as untestable
  from timed
  group by crm_instance, account_id, field
),

field_rows as (
  select
    fields.crm_instance as source_instance,
    fields.account_id || '|' || fields.field as match_key,
    fields.account_id,
    gravest.drift,
    -- a finance field decides which books and which tax an invoice meets, whatever severity a company gives its drifts
    case
      when gravest.drift = 'rogue write' and gravest.is_finance then 'S1'
      when gravest.drift = 'semantic' then 'S4'
      else gravest.severity
    end as severity,
    gravest.due_at,
    'Field ' || fields.field || ' of account ' || fields.account_id || ' is owned by '
    || {{ system_words('fields.owner_name') }} || ' (' || fields.model || coalesce(', via ' || fields.via_system, '')
    || '), which holds '
    || coalesce(fields.owner_value, 'nothing') || ': ' || all_words.words as reason,
    fields.untestable,
    {{ customer_object('fields.owner_system') }} || fields.owner_records as left_ref,
    {{ customer_object('gravest.system') }} || gravest.record_id as right_ref
  from fields
  left join gravest
    on
      gravest.crm_instance = fields.crm_instance
      and gravest.account_id = fields.account_id
      and gravest.field = fields.field
  left join all_words
    on
      all_words.crm_instance = fields.crm_instance
      and all_words.account_id = fields.account_id
      and all_words.field = fields.field
),

presence_rows as (
  select
    source_instance,
    account_id || '|account_id' as match_key,
    account_id,
    case when finding like 'missing%' then 'missing' when finding = 'orphan' then 'orphan' end as drift,
    cast(null as {{ dbt.type_string() }}) as severity,
    due_at,
    case finding
      when 'missing in billing'
        then
          'Account ' || account_id || ' has signed contract ' || contract_id
          || ', and no billing customer names the account: nothing of the contract can be billed (missing)'
      when 'missing in ERP'
        then
          'Account ' || account_id || ' has subscription ' || subscription_id || ' of billing customer ' || customer_ids
          || ', and no ERP customer names it: its invoices cannot be posted (missing)'
      when 'orphan'
        then
          'Billing customer ' || customer_ids || ' names CRM account ' || account_id
          || ', which the CRM does not have (orphan)'
    end as reason,
    cast(null as {{ dbt.type_string() }}) as untestable,
    case when finding <> 'orphan' then 'crm_account:' || account_id end as left_ref,
    coalesce('billing_customer:' || customer_ids, 'erp_customer:' || erp_customer_ids) as right_ref
  from {{ ref('customer_presence') }}
),

unknown_rows as (
  select
    rejected.crm_instance as source_instance,
    rejected.account_id || '|account_id' as match_key,
    rejected.account_id,
    cast(null as {{ dbt.type_string() }}) as drift,
    cast(null as {{ dbt.type_string() }}) as severity,
    cast(null as timestamp) as due_at,
    cast(null as {{ dbt.type_string() }}) as reason,
    rejected.reason as untestable,
    'crm_account:' || rejected.account_id as left_ref,
    cast(null as {{ dbt.type_string() }}) as right_ref
  from rejected
  left join presence_rows
    on presence_rows.source_instance = rejected.crm_instance and presence_rows.account_id = rejected.account_id
  where rejected.account_id is not null and presence_rows.account_id is null
),

hub_rows as (
  select
    source_instance,
    'hub|' || topic || '|' || check_name as match_key,
    cast(null as {{ dbt.type_string() }}) as account_id,
    case when faults > 0 then 'missing' end as drift,
    cast(null as {{ dbt.type_string() }}) as severity,
    cast(null as timestamp) as due_at,
    'Event hub, topic ' || topic || ': ' || check_name || ' fails for '
    || {{ counted('faults', 'key or message', 'keys or messages') }} || ', the first is ' || first_fault
    || case check_name
      when 'sequence continuity'
        then ': a number is missing in its sequence, so a change never reached its consumers'
      when 'replay'
        then ': the same message was delivered again with another content, so a replay changes the state'
      else ': it was published and neither acknowledged nor dead-lettered'
    end as reason,
    case
      when faults is null
        then 'the authority model is event_hub, and hub.messages has no message to test ' || check_name || ' with'
    end as untestable,
    'hub_message:' || topic as left_ref,
    cast(null as {{ dbt.type_string() }}) as right_ref
  from {{ ref('hub_check') }}
),

all_rows as (
  select * from field_rows
  union all
  select * from presence_rows
  union all
  select * from unknown_rows
  union all
  select * from hub_rows
),

compared as (
  select
    all_rows.source_instance,
    all_rows.match_key,
    accounts.legal_entity_code,
    first_customers.customer_id,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    cast(null as {{ dbt.type_string() }}) as period,
    cast(null as bigint) as left_value,
    cast(null as bigint) as right_value,
    case when all_rows.drift in ('semantic', 'backward') then 0 end as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    coalesce(all_rows.drift not in ('semantic', 'backward'), false) as has_fault,
    all_rows.drift as cause_code,
    'business_rule' as failure_class,
    all_rows.reason,
    'Not tested: ' || coalesce(all_rows.untestable, own_key.reason, any_key.reason) as not_testable_reason,
    all_rows.left_ref,
    all_rows.right_ref,
    all_rows.due_at,
    all_rows.severity,
    0 as tolerance_minor
  from all_rows
  left join accounts
    on accounts.source_instance = all_rows.source_instance and accounts.account_id = all_rows.account_id
  left join first_customers
    on
      first_customers.crm_instance = all_rows.source_instance
      and first_customers.crm_account_id = all_rows.account_id
  left join rejected as own_key
    on own_key.crm_instance = all_rows.source_instance and own_key.account_id = all_rows.account_id
  left join rejected as any_key
    on
      any_key.crm_instance = all_rows.source_instance and any_key.account_id is null and all_rows.account_id is not null
)

{{ reconcile(
  'compared', code='R36', tolerance='T4', domains=['crm', 'billing'], differs='cause_code is not null', severity=true
) }}
