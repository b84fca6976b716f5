-- One row per subscription and product that is live in the product or in the contract: is exactly the contracted
-- package granted, in limit and dates? Whether the subscription still runs at all is R02's question.
with parameters as (
  select as_of, {{ utc_date('as_of') }} as as_of_date, master_data_hours from {{ source('config', 'parameters') }}
),

packages as (
  select * from {{ ref('contracted_package') }}
),

granted as (
  select * from {{ ref('entitlement_live') }}
),

terms as (
  select * from {{ ref('terms') }}
),

subscriptions as (
  select
    *,
    {{ subscription_end() }} as ends_on
  from {{ ref('subscription') }}
),

skus as (
  select * from {{ ref('sku') }}
),

-- a product that entitles nobody to a product of the price book has no entitlement to miss
entitled_skus as (
  select distinct billing_instance, sku from {{ ref('entitlement') }} where billing_instance is not null
),

required as (
  select packages.*
  from packages
  inner join entitled_skus
    on entitled_skus.billing_instance = packages.billing_instance and entitled_skus.sku = packages.sku
  inner join skus
    on skus.source_instance = packages.billing_instance and skus.sku = packages.sku and skus.kind <> 'one_time'
  inner join subscriptions
    on
      subscriptions.source_instance = packages.billing_instance
      and subscriptions.subscription_id = packages.subscription_id
  cross join parameters
  where packages.is_live and (subscriptions.ends_on is null or subscriptions.ends_on > parameters.as_of_date)
),

population as (
  select instance, billing_instance, subscription_id, sku from granted
  union
  select billing_instance as instance, billing_instance, subscription_id, sku from required
),

-- limits that an older version or billing's own copy still states
stated as (
  select distinct billing_instance, subscription_id, sku, quantity
  from {{ ref('terms_candidate') }}
  where quantity is not null
),

any_terms as (
  select distinct billing_instance, subscription_id from terms
),

rejected as (
  select subscriptions.source_instance as billing_instance, subscriptions.subscription_id, min(faults.reason) as reason
  from subscriptions
  inner join {{ ref('terms_not_testable') }} as faults
    on
      (
        faults.scope = 'contract'
        and faults.source_instance = subscriptions.crm_instance
        and faults.scope_id = subscriptions.contract_id
      )
      or (
        faults.scope = 'subscription'
        and faults.source_instance = subscriptions.source_instance
        and faults.scope_id = subscriptions.subscription_id
      )
  group by subscriptions.source_instance, subscriptions.subscription_id
),

blocked as (
  select population.instance, population.subscription_id, population.sku, min(unknown.reason) as reason
  from population
  inner join {{ ref('entitlement_not_testable') }} as unknown
    on
      unknown.billing_instance = population.billing_instance
      and coalesce(unknown.subscription_id, population.subscription_id) = population.subscription_id
      and coalesce(unknown.sku, population.sku) = population.sku
  group by population.instance, population.subscription_id, population.sku
),

paired as (
  select
    population.*,
    granted.entitlement_ids is not null as is_granted,
    granted.limit_quantity,
    granted.granted_from,
    granted.granted_to,
    granted.row_from as granted_row_from,
    granted.entitlement_ids,
    granted.tenant_ids,
    coalesce(packages.is_live, false) as is_contracted,
    packages.sku is not null as was_contracted,
    packages.quantity,
    packages.agreed_from,
    packages.agreed_to,
    packages.row_from as agreed_row_from,
    packages.terms_id,
    packages.terms_ids,
    packages.scheme,
    subscriptions.subscription_id is not null as is_known_subscription,
    subscriptions.customer_id,
    subscriptions.legal_entity_code,
    subscriptions.currency_code,
    stated.quantity is not null as is_older_limit,
    parameters.as_of,
    {{ add_hours(
      'greatest(coalesce(packages.changed_at, granted.changed_at), coalesce(granted.changed_at, packages.changed_at))',
      'parameters.master_data_hours'
    ) }} as due_at,
    any_terms.subscription_id is not null as has_package,
    coalesce(rejected.reason, blocked.reason) as rejected_reason
  from population
  cross join parameters
  left join granted
    on
      granted.instance = population.instance
      and granted.subscription_id = population.subscription_id
      and granted.sku = population.sku
  left join packages
    on
      packages.billing_instance = population.billing_instance
      and packages.subscription_id = population.subscription_id
      and packages.sku = population.sku
  left join subscriptions
    on
      subscriptions.source_instance = population.billing_instance
      and subscriptions.subscription_id = population.subscription_id
  left join stated
    on
      stated.billing_instance = population.billing_instance
      and stated.subscription_id = population.subscription_id
      and stated.sku = population.sku
      and stated.quantity = granted.limit_quantity
  left join any_terms
    on
      any_terms.billing_instance = population.billing_instance
      and any_terms.subscription_id = population.subscription_id
  left join rejected
    on
      rejected.billing_instance = population.billing_instance
      and rejected.subscription_id = population.subscription_id
  left join blocked
    on
      blocked.instance = population.instance
      and blocked.subscription_id = population.subscription_id
      and blocked.sku = population.sku
),

differing as (
  select
    *,
    is_granted and is_contracted and quantity is not null and limit_quantity is null and scheme <> 'flat'
      as is_unlimited,
    coalesce(is_granted and is_contracted and limit_quantity <> quantity, false) as is_other_limit,
    -- either side may have been cut into rows that the other side holds as one
    coalesce(
      is_granted and is_contracted and granted_from <> agreed_from and granted_row_from <> agreed_row_from, false
    ) as is_other_start,
    -- an open grant is ended when the contract ends; one with an end of its own must end with it
    coalesce(is_granted and is_contracted and granted_to is distinct from agreed_to and granted_to is not null, false)
      as is_other_end
  from paired
),

requests as (
  {%- for side, quantity in [('granted', 'limit_quantity'), ('agreed', 'quantity')] %}
  select
    '{{ side }}|' || differing.instance || '|' || differing.subscription_id || '|' || differing.sku as rate_id,
    terms.billing_instance,
    terms.price_id,
    terms.scheme,
    terms.unit_amount,
    terms.package_size,
    cast(differing.{{ quantity }} as decimal(38, 9)) as quantity,
    cast(0 as decimal(21, 9)) as included_quantity,
    {{ discount_in_force('terms.discount_percent', 'terms.discount_until', utc_date('differing.as_of')) }}
      as discount_percent,
    cast(null as bigint) as active_days,
    cast(null as bigint) as interval_days,
    terms.exponent
  from differing
  inner join terms
    on
      terms.billing_instance = differing.billing_instance
      and terms.subscription_id = differing.subscription_id
      and terms.terms_id = differing.terms_id
  where differing.is_other_limit and terms.untestable_reason is null
  {{ 'union all' if not loop.last }}
  {%- endfor %}
),

rated as (
  {{ rate('requests') }}
),

valued as (
  select
    differing.*,
    granted_rate.rated_minor - agreed_rate.rated_minor as effect_minor
  from differing
  left join rated as granted_rate
    on
      granted_rate.rate_id
      = 'granted|' || differing.instance || '|' || differing.subscription_id || '|' || differing.sku
  left join rated as agreed_rate
    on
      agreed_rate.rate_id
      = 'agreed|' || differing.instance || '|' || differing.subscription_id || '|' || differing.sku
),

judged as (
  select
    *,
    not (is_granted and is_contracted) or is_unlimited or is_other_limit or is_other_start or is_other_end as has_fault,
    case
      -- granted without or beyond any version of the contract
      when is_granted and (is_unlimited or (is_other_limit and not is_older_limit)) then 'manual grant'
      when is_granted and not is_contracted and not was_contracted then 'manual grant'
      else 'amendment lag'
    end as cause_code
  from valued
),

compared as (
  select
    instance as source_instance,
    subscription_id || '|' || sku as match_key,
    legal_entity_code,
    customer_id,
    currency_code,
    {{ utc_date('as_of') }} as filed_on,
    limit_quantity as left_value,
    quantity as right_value,
    effect_minor as delta_minor,
    case when is_granted and is_contracted then coalesce(limit_quantity - quantity, 0) end as delta_quantity,
    has_fault,
    cause_code,
    'business_rule' as failure_class,
    case
      when not is_granted
        then
          {{ listed('terms_ids', 'Contract line') }} || {{ by_number('terms_ids', ' gives ', ' give ') }} || sku
          || ' to subscription ' || subscription_id || ' since '
          || agreed_from || ', and no entitlement is live: the customer pays for what it cannot use'
      else
        {{ listed('entitlement_ids', 'Entitlement') }} || ' of ' || {{ listed('tenant_ids', 'tenant') }}
        || {{ by_number('entitlement_ids', ' gives ', ' give ') }}
        || case when limit_quantity is null then '' else {{ quantity_words('limit_quantity') }} || ' of ' end
        || sku || ' to subscription ' || subscription_id || case
          when not is_contracted and was_contracted then ', which the contract granted only until ' || agreed_to
          when not is_contracted then ', which no line of the contract grants'
          else ''
        end
    end
    || case
      when is_unlimited
        then
          ' without any limit, the contract (' || terms_ids || ') grants ' || {{ quantity_words('quantity') }}
      when is_other_limit
        then
          ', the contract (' || terms_ids || ') grants ' || {{ quantity_words('quantity') }}
          || case when is_older_limit then ' (the granted limit is that of another version)' else '' end
          || case
            when effect_minor is null then ''
            else
              '; the difference is worth ' || {{ money_words('effect_minor', 'currency_code') }}
              || ' per billing interval'
          end
      else ''
    end
    || case
      when is_other_start and not is_other_limit
        then '; it is granted since ' || granted_from || ' and contracted since ' || agreed_from
      else ''
    end
    || case
      when is_other_end
        then
          '; it is granted until ' || granted_to || ' and contracted until '
          || coalesce(cast(agreed_to as {{ dbt.type_string() }}), 'further notice')
      else ''
    end || '.' as reason,
    case
      when not is_known_subscription
        then
          'Not tested: subscription '
          || subscription_id
          || ' cannot be found in exactly one linked billing instance (see R20)'
      when rejected_reason is not null then 'Not tested: ' || rejected_reason
      when not has_package
        then 'Not tested: no contracted package of subscription ' || subscription_id || ' is known (see R09)'
    end as not_testable_reason,
    'entitlement:' || entitlement_ids as left_ref,
    'terms:' || terms_ids as right_ref,
    due_at
  from judged
)

{{ reconcile(
  'compared', code='R01', tolerance='T0', measure='quantity', by_date=true, domains=['product', 'billing']
) }}
