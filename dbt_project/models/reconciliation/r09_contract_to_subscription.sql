-- One row per signed contract: does billing carry it out, with its dates, currency, quantities and prices? The amount
-- is what a billing interval is worth by the contract less by billing, in the newest span that differs; of a contract
-- that billing does not have, its value, or a billing interval's worth where it states none; of usage alone the
-- minimum of a month, because what was used of a contract without a subscription nobody measures.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

contracts as (
  select * from {{ ref('contract_subscription') }}
),

differences as (
  select * from {{ ref('contract_terms_difference') }}
),

rejected as (
  select * from {{ ref('contract_not_testable') }}
),

customers as (
  select * from {{ ref('contract_customer') }}
),

-- subscriptions whose customer belongs to another account than the one that signed, and to none above or below it
other_accounts as (
  select
    contracts.source_instance,
    contracts.contract_id,
    contracts.account_id,
    subscribers.customer_id,
    subscribers.crm_account_id
  from contracts
  inner join {{ ref('subscription') }} as subscriptions
    on
      subscriptions.crm_instance = contracts.source_instance
      and subscriptions.contract_id = contracts.contract_id
  inner join {{ ref('billing_customer') }} as subscribers
    on
      subscribers.source_instance = subscriptions.source_instance
      and subscribers.customer_id = subscriptions.customer_id
      and subscribers.crm_instance = contracts.source_instance
  where subscribers.crm_account_id <> contracts.account_id
),

strangers as (
  select
    others.source_instance,
    others.contract_id,
    {{ joined_text("others.customer_id || ' of account ' || others.crm_account_id", ', ') }} as customers
  from other_accounts as others
  left join {{ ref('account') }} as signing
    on signing.crm_instance = others.source_instance and signing.crm_account_id = others.account_id
  left join {{ ref('account') }} as billed
    on billed.crm_instance = others.source_instance and billed.crm_account_id = others.crm_account_id
  left join {{ ref('account_ancestor') }} as above
    on above.account_key = signing.account_key and above.ancestor_key = billed.account_key
  left join {{ ref('account_ancestor') }} as below
    on below.account_key = billed.account_key and below.ancestor_key = signing.account_key
  where above.account_key is null and below.account_key is null
  group by others.source_instance, others.contract_id
),

newest_differences as (
  select * from differences
  qualify row_number() over (partition by crm_instance, contract_id, sku order by segment_from desc) = 1
),

difference_words as (
  select
    *,
    sku || ' from ' || cast(segment_from as {{ dbt.type_string() }}) || ' on: ' || case finding
      when 'missing'
        then 'the contract has ' || {{ listed('contract_lines', 'line') }} || ', billing has no item (missing)'
      when 'orphan'
        then 'billing has ' || {{ listed('items', 'item') }} || ', the contract has no line (orphan)'
      when 'quantity'
        then
          'the contract says ' || {{ quantity_words('coalesce(contract_quantity, 0)') }} || ', billing '
          || {{ quantity_words('coalesce(billing_quantity, 0)') }}
      when 'price' then 'the contract names price ' || contract_price_id || ', billing ' || billing_price_id
      when 'terms' then 'the contract says ' || contract_terms || '; billing ' || billing_terms
      else 'the amounts differ'
    end as words
  from newest_differences
),

by_contract as (
  select
    crm_instance,
    contract_id,
    {{ joined_text('words', '; ') }} as words,
    max(billing_version) as billing_version,
    count(case when finding not in ('price', 'amount') or delta_minor is null then 1 end) as fault_count,
    count(case when finding in ('price', 'amount', 'terms') then 1 end) as price_count,
    count(case when finding in ('missing', 'orphan', 'quantity') then 1 end) as quantity_count,
    case when count(case when delta_minor is null then 1 end) = 0 then sum(delta_minor) end as delta_minor,
    case when count(case when contract_minor is null then 1 end) = 0 then sum(contract_minor) end as contract_minor,
    case when count(case when billing_minor is null then 1 end) = 0 then sum(billing_minor) end as billing_minor,
    count(*) as sku_count,
    min(finding) as first_finding
  from difference_words
  group by crm_instance, contract_id
),

minimums as (
  select
    lines.source_instance,
    lines.contract_id,
    lines.version,
    {{ whole_sum('lines.minimum_amount_minor') }} as minimum_minor
  from {{ ref('contract_line') }} as lines
  inner join contracts
    on
      contracts.source_instance = lines.source_instance
      and contracts.contract_id = lines.contract_id
      and contracts.version = lines.version
  where lines.minimum_amount_minor > 0 and (lines.effective_to is null or lines.effective_to >= contracts.end_date)
  group by lines.source_instance, lines.contract_id, lines.version
),

judged as (
  select
    contracts.*,
    customers.customer_id as known_customer_id,
    -- of usage alone an interval is worth what is used
    nullif(worth.interval_minor, 0) as interval_minor,
    case when worth.interval_minor = 0 then {{ fits_bigint('minimums.minimum_minor') }} end as minimum_minor,
    by_contract.words,
    by_contract.billing_version,
    by_contract.delta_minor as terms_delta_minor,
    by_contract.contract_minor,
    by_contract.billing_minor,
    coalesce(by_contract.sku_count, 0) as sku_count,
    coalesce(by_contract.price_count, 0) as price_count,
    coalesce(by_contract.quantity_count, 0) as quantity_count,
    by_contract.first_finding,
    coalesce(by_contract.fault_count, 0) > 0 as has_terms_fault,
    strangers.customers as strangers,
    strangers.contract_id is not null as is_customer_different,
    contracts.is_linked and contracts.subscription_start_date <> contracts.start_date as is_start_different,
    contracts.is_linked and case
      when contracts.is_open_ended
        then
          contracts.end_date <= cast(parameters.as_of as date)
          or contracts.subscription_end_date > contracts.end_date
      when contracts.status = 'terminated' then contracts.ended_on > contracts.end_date
      else contracts.ended_on <> contracts.end_date
    end as is_end_different,
    contracts.is_linked and (
      contracts.smallest_currency <> contracts.currency_code or contracts.largest_currency <> contracts.currency_code
    ) as is_currency_different
  from contracts
  cross join parameters
  left join by_contract
    on
      by_contract.crm_instance = contracts.source_instance
      and by_contract.contract_id = contracts.contract_id
  left join strangers
    on strangers.source_instance = contracts.source_instance and strangers.contract_id = contracts.contract_id
  left join customers
    on customers.source_instance = contracts.source_instance and customers.contract_id = contracts.contract_id
  left join {{ ref('contract_value') }} as worth
    on
      worth.source_instance = contracts.source_instance
      and worth.contract_id = contracts.contract_id
      and worth.version = contracts.version
  left join minimums
    on
      minimums.source_instance = contracts.source_instance
      and minimums.contract_id = contracts.contract_id
      and minimums.version = contracts.version
),

classified as (
  select
    *,
    case
      when not is_linked and not is_succeeded then 'existence'
      when is_currency_different then 'currency'
      when is_start_different then 'start_date'
      when coalesce(is_end_different, false) then 'end_date'
      when sku_count > 0 and first_finding in ('price', 'amount', 'terms') then 'price'
      when sku_count > 0 then 'quantity'
      else 'existence'
    end as field,
    cast(signed_at as date) as compared_on
  from judged
),

-- the field that is named, and every other one that differs
fields as (
  select source_instance, contract_id, legal_entity_code, compared_on, field from classified
  {%- for field, flag in [
    ('currency', 'is_currency_different'), ('start_date', 'is_start_different'),
    ('end_date', 'coalesce(is_end_different, false)'), ('price', 'price_count > 0'), ('quantity', 'quantity_count > 0'),
  ] %}
  union
  select source_instance, contract_id, legal_entity_code, compared_on, '{{ field }}' as field
  from classified
  where {{ flag }}
  {%- endfor %}
),

policies as (
  {{ authority_of('fields', ['source_instance', 'contract_id'], ['contract']) }}
),

billing_policies as (
  select
    source_instance,
    contract_id,
    field,
    max(owner_name) as owner_name,
    max(owner_system) as owner_system,
    max(model) as model,
    max(case when follower_system = 'billing' then allowed_lag_minutes end) as allowed_lag_minutes
  from policies
  group by source_instance, contract_id, field
),

-- the gravest of all fields that differ; a write of billing's own to a finance field is S1, whatever the policy says
severities as (
  select
    policies.source_instance,
    policies.contract_id,
    min(case
      when
        policies.is_finance
        and classified.sku_count > 0
        and coalesce(classified.billing_version, classified.version) = classified.version
        then 'S1'
      else policies.severity
    end) as severity
  from policies
  inner join classified
    on classified.source_instance = policies.source_instance and classified.contract_id = policies.contract_id
  group by policies.source_instance, policies.contract_id
),

compared as (
  select
    judged.source_instance,
    judged.contract_id as match_key,
    judged.legal_entity_code,
    judged.known_customer_id as customer_id,
    judged.currency_code,
    cast(null as {{ dbt.type_string() }}) as period,
    case
      when not judged.is_linked and not judged.is_succeeded
        then coalesce(judged.total_value_minor, judged.interval_minor, judged.minimum_minor)
      else judged.contract_minor
    end as left_value,
    judged.billing_minor as right_value,
    case
      when not judged.is_linked and not judged.is_succeeded
        then coalesce(judged.total_value_minor, judged.interval_minor, judged.minimum_minor)
      else judged.terms_delta_minor
    end as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    (not judged.is_linked and not judged.is_succeeded) or judged.is_start_different
    or coalesce(judged.is_end_different, false) or judged.is_currency_different or judged.is_customer_different
    or judged.has_terms_fault as has_fault,
    case
      when not judged.is_linked and not judged.is_succeeded then 'B01'
      when
        judged.is_start_different or coalesce(judged.is_end_different, false) or judged.is_currency_different
        or judged.is_customer_different or judged.sku_count > 0
        then 'B02'
    end as cause_code,
    'business_rule' as failure_class,
    'Contract ' || judged.contract_id || ' version ' || cast(judged.version as {{ dbt.type_string() }}) || ', signed '
    || cast(cast(judged.signed_at as date) as {{ dbt.type_string() }})
    || case
      when not judged.is_linked
        then
          case
            when judged.total_value_minor is null then ''
            else ', worth ' || {{ money_words('judged.total_value_minor', 'judged.currency_code') }} || ','
          end || ' has no subscription in billing (missing): nothing of it is billed'
          || coalesce(
            ', ' || {{ money_words('judged.interval_minor', 'judged.currency_code') }}
            || ' of fees per billing interval', ''
          )
          || case
            when judged.minimum_minor is null then ''
            else
              ', neither usage nor the minimum of ' || {{ money_words('judged.minimum_minor', 'judged.currency_code') }}
              || ' per month'
          end
      else
        ', and ' || {{ listed('judged.subscription_ids', 'subscription') }} || ' differ'
        || coalesce('; account ' || judged.account_id || ' signed, but billed is ' || judged.strangers, '')
        || case
          when judged.is_currency_different
            then
              '; currency ' || judged.currency_code || ' against ' || judged.smallest_currency
              || case
                when judged.smallest_currency <> judged.largest_currency then ' and ' || judged.largest_currency else ''
              end
          else ''
        end
        || case
          when judged.is_start_different
            then
              '; start ' || cast(judged.start_date as {{ dbt.type_string() }}) || ' against '
              || cast(judged.subscription_start_date as {{ dbt.type_string() }})
          else ''
        end
        || case
          when judged.is_end_different
            then
              '; end ' || cast(judged.end_date as {{ dbt.type_string() }}) || ' against '
              || case
                when judged.is_open_ended then 'none' else cast(judged.ended_on as {{ dbt.type_string() }})
              end
          else ''
        end
        || coalesce('; ' || judged.words, '')
        || case
          when judged.terms_delta_minor <> 0
            then
              '. A billing interval is worth ' || {{ money_words('judged.contract_minor', 'judged.currency_code') }}
              || ' by the contract and ' || {{ money_words('judged.billing_minor', 'judged.currency_code') }}
              || ' in billing'
          else ''
        end
        || case
          when judged.billing_version < judged.version
            then
              '. Billing still carries out version ' || cast(judged.billing_version as {{ dbt.type_string() }})
              || ' (late)'
          when judged.billing_version > judged.version
            then
              '. Billing already carries out version ' || cast(judged.billing_version as {{ dbt.type_string() }})
              || ', which is not signed (backward)'
          when judged.sku_count > 0 then '. No signed version says so: a write of billing''s own (rogue write)'
          else ''
        end
    end
    || coalesce(
      '. By the authority policy (' || policies.model || ') ' || {{ system_words('policies.owner_name') }} || ' owns '
      || judged.field || ', so '
      || case when policies.owner_system = 'billing' then 'the CRM' else 'billing' end || ' is wrong', ''
    ) as reason,
    'Not tested: ' || coalesce(own_key.reason, any_key.reason) as not_testable_reason,
    'contract:' || judged.contract_id as left_ref,
    'subscription:' || judged.subscription_ids as right_ref,
    cast({{ add_hours(
      'judged.signed_at',
      'greatest(parameters.master_data_hours, ' ~ int_div('coalesce(policies.allowed_lag_minutes, 0) + 59', 60) ~ ')'
    ) }} as timestamp) as due_at,
    judged.sku_count as rounding_components,
    severities.severity
  from classified as judged
  cross join parameters
  left join billing_policies as policies
    on
      policies.source_instance = judged.source_instance
      and policies.contract_id = judged.contract_id
      and policies.field = judged.field
  left join severities
    on severities.source_instance = judged.source_instance and severities.contract_id = judged.contract_id
  left join rejected as own_key
    on own_key.source_instance = judged.source_instance and own_key.contract_id = judged.contract_id
  left join rejected as any_key
    on any_key.source_instance = judged.source_instance and any_key.contract_id is null

  union all

  -- a contract none of whose versions came through
  select
    rejected.source_instance, rejected.contract_id as match_key,
    cast(null as {{ dbt.type_string() }}) as legal_entity_code, cast(null as {{ dbt.type_string() }}) as customer_id,
    cast(null as {{ dbt.type_string() }}) as currency_code, cast(null as {{ dbt.type_string() }}) as period,
    cast(null as bigint) as left_value, cast(null as bigint) as right_value, cast(null as bigint) as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity, false as has_fault,
    cast(null as {{ dbt.type_string() }}) as cause_code, cast(null as {{ dbt.type_string() }}) as failure_class,
    cast(null as {{ dbt.type_string() }}) as reason, 'Not tested: ' || rejected.reason as not_testable_reason,
    'contract:' || rejected.contract_id as left_ref, cast(null as {{ dbt.type_string() }}) as right_ref,
    cast(null as timestamp) as due_at, cast(null as bigint) as rounding_components,
    cast(null as {{ dbt.type_string() }}) as severity
  from rejected
  left join {{ ref('contract') }} as known
    on known.source_instance = rejected.source_instance and known.contract_id = rejected.contract_id
  where rejected.contract_id is not null and known.contract_id is null
)

{{ reconcile(
  'compared', code='R09', tolerance='T1', domains=['crm', 'billing'], differs='cause_code is not null', severity=true
) }}
