-- One row per subscription and product with a live entitlement: may the customer still use it? After the end of the
-- subscription nobody pays for it; a delinquent one is to be suspended once the dunning grace is over.
with parameters as (
  select as_of, {{ utc_date('as_of') }} as as_of_date, dunning_grace_days from {{ source('config', 'parameters') }}
),

entitlements as (
  select * from {{ ref('entitlement_live') }} where active_rows > 0
),

subscriptions as (
  select
    *,
    {{ subscription_end() }} as ends_on
  from {{ ref('subscription') }}
),

-- the present delinquency began after the last version that was none
last_good as (
  select source_instance, subscription_id, max(valid_from) as valid_from
  from {{ ref('subscription_version') }}
  where status <> 'past_due'
  group by source_instance, subscription_id
),

delinquent as (
  select versions.source_instance, versions.subscription_id, min(versions.valid_from) as past_due_since
  from {{ ref('subscription_version') }} as versions
  left join last_good
    on
      last_good.source_instance = versions.source_instance
      and last_good.subscription_id = versions.subscription_id
  where versions.status = 'past_due' and (last_good.valid_from is null or versions.valid_from > last_good.valid_from)
  group by versions.source_instance, versions.subscription_id
),

rejected as (
  select * from {{ ref('entitlement_not_testable') }}
),

blocked as (
  select entitlements.instance, entitlements.subscription_id, entitlements.sku, min(rejected.reason) as reason
  from entitlements
  inner join rejected
    on
      rejected.billing_instance = entitlements.billing_instance
      and coalesce(rejected.subscription_id, entitlements.subscription_id) = entitlements.subscription_id
      and coalesce(rejected.sku, entitlements.sku) = entitlements.sku
  group by entitlements.instance, entitlements.subscription_id, entitlements.sku
),

rejected_subscriptions as (
  select * from {{ ref('terms_not_testable') }} where scope = 'subscription'
),

dated as (
  select
    entitlements.*,
    parameters.as_of,
    parameters.dunning_grace_days,
    subscriptions.status,
    subscriptions.ends_on,
    subscriptions.customer_id,
    subscriptions.legal_entity_code,
    subscriptions.currency_code,
    coalesce(delinquent.past_due_since, subscriptions.updated_at) as past_due_since,
    case
      when subscriptions.ends_on <= parameters.as_of_date then 'ended'
      when subscriptions.status = 'past_due' then 'delinquent'
      else 'running'
    end as state,
    case
      when subscriptions.ends_on <= parameters.as_of_date
        then {{ days_between('greatest(subscriptions.ends_on, entitlements.granted_from)', 'parameters.as_of_date') }}
      when subscriptions.status = 'past_due'
        then
          {{ days_between(
            utc_date('coalesce(delinquent.past_due_since, subscriptions.updated_at)'), 'parameters.as_of_date'
          ) }}
      else 0
    end as days_live,
    case
      when subscriptions.subscription_id is null
        then
          'subscription '
          || entitlements.subscription_id
          || ' cannot be found in exactly one linked billing instance (see R20)'
      when rejected_subscriptions.reason is not null then rejected_subscriptions.reason
      when blocked.reason is not null then blocked.reason
      when subscriptions.status in ('cancelled', 'expired') and subscriptions.ends_on is null
        then
          'subscription '
          || entitlements.subscription_id
          || ' is '
          || subscriptions.status
          || ', and no date says since when'
    end as untestable
  from entitlements
  cross join parameters
  left join subscriptions
    on
      subscriptions.source_instance = entitlements.billing_instance
      and subscriptions.subscription_id = entitlements.subscription_id
  left join delinquent
    on
      delinquent.source_instance = entitlements.billing_instance
      and delinquent.subscription_id = entitlements.subscription_id
  left join rejected_subscriptions
    on
      rejected_subscriptions.source_instance = entitlements.billing_instance
      and rejected_subscriptions.scope_id = entitlements.subscription_id
  left join blocked
    on
      blocked.instance = entitlements.instance
      and blocked.subscription_id = entitlements.subscription_id
      and blocked.sku = entitlements.sku
),

allowed as (
  select
    *,
    case state when 'delinquent' then least(days_live, dunning_grace_days) else 0 end as days_allowed
  from dated
),

compared as (
  select
    instance as source_instance,
    subscription_id || '|' || sku as match_key,
    legal_entity_code,
    customer_id,
    currency_code,
    case state when 'ended' then ends_on else {{ utc_date('as_of') }} end as filed_on,
    cast(days_live as decimal(38, 9)) as left_value,
    cast(days_allowed as decimal(38, 9)) as right_value,
    cast(null as bigint) as delta_minor,
    cast(days_live - days_allowed as decimal(38, 9)) as delta_quantity,
    state <> 'running' as has_fault,
    'suspension not propagated' as cause_code,
    'business_rule' as failure_class,
    {{ listed('entitlement_ids', 'Entitlement') }} || ' of ' || {{ listed('tenant_ids', 'tenant') }}
    || {{ by_number('entitlement_ids', ' still grants ', ' still grant ') }} || sku || ' to subscription '
    || subscription_id || ', which '
    || case state
      when 'ended'
        then
          'ended on ' || ends_on || ' (' || status || '): live for '
          || {{ counted('days_live', 'day') }} || ' that nobody pays for.'
      else
        'is past due since ' || {{ utc_date('past_due_since') }} || ': ' || {{ counted('days_live', 'day') }}
        || ', of which ' || dunning_grace_days || ' are granted before suspension.'
    end as reason,
    'Not tested: ' || untestable as not_testable_reason,
    'entitlement:' || entitlement_ids as left_ref,
    'subscription:' || subscription_id as right_ref,
    case state when 'delinquent' then {{ add_hours('past_due_since', 'dunning_grace_days * 24') }} end as due_at
  from allowed
)

{{ reconcile(
  'compared', code='R02', tolerance='T0', measure='quantity', by_date=true, domains=['product', 'billing']
) }}
