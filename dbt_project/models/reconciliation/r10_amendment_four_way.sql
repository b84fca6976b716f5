-- One row per business transaction of a contract: did the signing or amendment reach CRM, billing, product and ERP,
-- with one effective date? A leg that is not due is timing. Its amount is what the transaction changes per billing
-- interval while a system lacks it; a wrong date alone delays that amount and has none.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

legs as (
  select
    transaction_legs.*,
    transaction_legs.finding not in ('there', 'not yet') as is_faulty,
    transaction_legs.finding not in ('there', 'not yet') and transaction_legs.due_at <= parameters.as_of as is_overdue
  from {{ ref('transaction_leg') }} as transaction_legs
  cross join parameters
),

transactions as (
  select
    source_instance,
    business_transaction_id,
    min(contract_id) as contract_id,
    min(version) as version,
    min(signed_at) as signed_at,
    min(currency_code) as currency_code,
    min(legal_entity_code) as legal_entity_code,
    min(effective_from) as effective_from,
    max(model) as model,
    max(owner_name) as owner_name,
    count(case when is_needed then 1 end) as needed_count,
    count(case when is_needed and not is_faulty then 1 end) as there_count,
    count(case when is_faulty then 1 end) as fault_count,
    count(case when is_faulty and finding <> 'misdated' then 1 end) as missing_count,
    case
      when count(case when is_overdue then 1 end) > 0 then min(case when is_overdue then due_at end)
      else min(case when is_faulty then due_at end)
    end as due_at,
    {{ joined_text(
      "case when is_faulty then case system when 'erp' then 'ERP' else system end || ' (' || finding || '): ' || words"
      ~ " || case when is_overdue then '' else ', not due yet' end end", '; '
    ) }} as fault_words,
    {{ joined_text(
      "case when is_needed and not is_faulty then case system when 'erp' then 'ERP' else system end end", ', '
    ) }} as there_words,
    {{ joined_text('document', '; ') }} as documents
  from legs
  group by source_instance, business_transaction_id
),

worth as (
  select
    source_instance,
    business_transaction_id,
    case
      when count(*) = count(effect_minor) and count(distinct currency_code) = 1 then cast(sum(effect_minor) as bigint)
    end as effect_minor
  from {{ ref('contract_value') }}
  group by source_instance, business_transaction_id
),

-- a transaction that billing or the product carries and no signed contract version knows
strays as (
  select * from {{ ref('transaction_stray') }}
),

rejected as (
  select * from {{ ref('transaction_not_testable') }}
),

all_rows as (
  select
    transactions.source_instance,
    transactions.business_transaction_id,
    transactions.contract_id,
    transactions.currency_code,
    transactions.legal_entity_code,
    transactions.needed_count,
    transactions.there_count,
    transactions.fault_count > 0 as has_fault,
    case when transactions.missing_count > 0 then worth.effect_minor end as delta_minor,
    transactions.due_at,
    'Transaction ' || transactions.business_transaction_id || ' (contract ' || transactions.contract_id || ' version '
    || cast(transactions.version as {{ dbt.type_string() }}) || ', signed in the CRM on '
    || cast(cast(transactions.signed_at as date) as {{ dbt.type_string() }})
    || coalesce(', effective ' || cast(transactions.effective_from as {{ dbt.type_string() }}), '')
    || ') did not reach every system. ' || transactions.fault_words
    || coalesce('. It did reach ' || transactions.there_words, '')
    || coalesce(
      '. It changes what a billing interval is worth by '
      || {{ money_words('worth.effect_minor', 'transactions.currency_code') }}, ''
    )
    || coalesce(
      '. By the authority policy (' || transactions.model || ') ' || {{ system_words('transactions.owner_name') }}
      || ' owns amendments, so the systems named are wrong', ''
    ) as reason,
    transactions.documents
  from transactions
  left join worth
    on
      worth.source_instance = transactions.source_instance
      and worth.business_transaction_id = transactions.business_transaction_id

  union all

  select
    source_instance,
    business_transaction_id,
    contract_id,
    currency_code,
    legal_entity_code,
    2 as needed_count,
    1 as there_count,
    true as has_fault,
    cast(null as bigint) as delta_minor,
    due_at,
    'Transaction ' || business_transaction_id || ' stands in ' || records
    || case
      when is_draft then ', and its contract version is not signed (backward)'
      else ', and the CRM has no contract version with it (orphan)'
    end as reason,
    records as documents
  from strays
),

compared as (
  select
    all_rows.source_instance,
    all_rows.business_transaction_id as match_key,
    all_rows.legal_entity_code,
    customers.customer_id,
    all_rows.currency_code,
    cast(null as {{ dbt.type_string() }}) as period,
    all_rows.needed_count as left_value,
    all_rows.there_count as right_value,
    all_rows.delta_minor,
    -- systems, not money: the sides count where the amendment is due and where it is
    cast(all_rows.needed_count - all_rows.there_count as decimal(38, 9)) as delta_quantity,
    all_rows.has_fault,
    'partial orchestration' as cause_code,
    'business_rule' as failure_class,
    all_rows.reason,
    'Not tested: ' || coalesce(own_key.reason, any_key.reason) as not_testable_reason,
    'contract:' || all_rows.contract_id as left_ref,
    all_rows.documents as right_ref,
    all_rows.due_at
  from all_rows
  left join {{ ref('contract_customer') }} as customers
    on customers.source_instance = all_rows.source_instance and customers.contract_id = all_rows.contract_id
  left join rejected as own_key
    on
      own_key.source_instance = all_rows.source_instance
      and own_key.business_transaction_id = all_rows.business_transaction_id
  left join rejected as any_key
    on any_key.source_instance = all_rows.source_instance and any_key.business_transaction_id is null
)

{{ reconcile('compared', code='R10', tolerance='T0', domains=['crm', 'billing', 'product', 'erp']) }}
