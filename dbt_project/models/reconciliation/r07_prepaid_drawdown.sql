-- One row per subscription, product and period with prepaid units: does the balance roll forward, open plus bought less
-- drawn less expired to close, in units and in the subscription's currency? A difference is told in the period in which
-- it arose; later ones open with billing's own balance.
with cells as (
  select * from {{ ref('prepaid_roll') }}
),

grants as (
  select * from {{ ref('prepaid_grant') }}
),

rejected as (
  select * from {{ ref('prepaid_not_testable') }}
),

-- the last balance before this one, and what should have been left then
opened as (
  select
    *,
    lag(closing_quantity) over timeline as open_quantity,
    lag(closing_quantity) over timeline - lag(left_quantity) over timeline as carried_quantity,
    -- a balance in another currency, or of grants in another, says nothing about the next one
    lag(
      case when is_same_currency and foreign_grant_ids is null then closing_amount_minor - left_minor end
    ) over timeline as carried_minor
  from cells
  where has_balance
  window timeline as (partition by source_instance, subscription_id, sku order by ends_at, period)
),

-- with the grant that it belongs to an earlier difference expires too, and is not told again
rolled as (
  select
    *,
    expiring_grants > 0 and coalesce(carried_quantity, 0) <> 0 and closing_quantity = left_quantity as has_lapsed
  from opened
),

expected as (
  select
    *,
    left_quantity + case when has_lapsed then 0 else coalesce(carried_quantity, 0) end as expected_quantity,
    left_minor + case when has_lapsed or not is_same_currency then 0 else coalesce(carried_minor, 0) end
      as expected_minor,
    -- amounts of two currencies are never subtracted: in the subscription's the balance holds nothing
    case when is_same_currency then closing_amount_minor else 0 end as closing_minor
  from rolled
),

blocked as (
  select cells.source_instance, cells.subscription_id, cells.sku, cells.period, min(rejected.reason) as reason
  from cells
  inner join rejected
    on
      rejected.source_instance = cells.source_instance
      and coalesce(rejected.subscription_id, cells.subscription_id) = cells.subscription_id
      and coalesce(rejected.sku, cells.sku) = cells.sku
      and coalesce(rejected.period, cells.period) = cells.period
  group by cells.source_instance, cells.subscription_id, cells.sku, cells.period
),

measured as (
  select
    expected.*,
    blocked.reason as blocked_reason,
    grants.amount_minor as grant_minor,
    {{ billionths('grants.quantity') }} as grant_units,
    {{ billionths('abs(expected.expected_quantity - expected.closing_quantity)') }} as differing_units,
    expected.expected_quantity - expected.closing_quantity as differing_quantity,
    -- billing may round what is drawn of a grant at each drawdown, or once over all of them
    case
      when abs(expected.expected_minor - expected.closing_minor) > expected.rounding_minor
        then expected.expected_minor - expected.closing_minor
      else 0
    end as differing_minor,
    not expected.is_same_currency or expected.new_foreign_grants > 0 as is_other_currency,
    {{ listed('expected.foreign_grant_ids', 'prepaid grant') }}
    || {{ by_number('expected.foreign_grant_ids', ' has', ' have') }} || ' another currency than the subscription ('
    || expected.currency_code || '), so the amount cannot be rolled forward' as foreign_words
  from expected
  left join blocked
    on
      blocked.source_instance = expected.source_instance
      and blocked.subscription_id = expected.subscription_id
      and blocked.sku = expected.sku
      and blocked.period = expected.period
  left join grants
    on
      grants.source_instance = expected.source_instance
      and grants.grant_id = expected.moved_grant_id
      and coalesce(grants.currency_code, expected.currency_code) = expected.currency_code
),

valued as (
  select
    *,
    case
      when differing_quantity = 0 then differing_minor
      else
        cast(
          {{ mul_div_round('grant_minor', 'differing_units', 'grant_units') }} as bigint
        ) * case when differing_quantity < 0 then -1 else 1 end
    end as effect_minor
  from measured
),

compared as (
  select
    source_instance,
    subscription_id || '|' || sku || '|' || period as match_key,
    legal_entity_code,
    customer_id,
    currency_code,
    period,
    expected_quantity as left_value,
    closing_quantity as right_value,
    effect_minor as delta_minor,
    differing_quantity as delta_quantity,
    is_other_currency or (differing_quantity = 0 and differing_minor <> 0) as has_fault,
    'B06' as cause_code,
    'business_rule' as failure_class,
    'Prepaid ' || sku || ' of subscription ' || subscription_id || ' should close ' || period || ' at '
    || {{ quantity_words('expected_quantity') }} || ' (open ' || {{ quantity_words('coalesce(open_quantity, 0)') }}
    || ', bought ' || {{ quantity_words('bought_quantity') }} || ', drawn ' || {{ quantity_words('drawn_quantity') }}
    || ', expired '
    || {{ quantity_words('coalesce(open_quantity, 0) + bought_quantity - drawn_quantity - expected_quantity') }}
    || '); billing closes it at ' || {{ quantity_words('closing_quantity') }}
    || case
      when differing_quantity = 0
        then
          ' units, but at '
          || {{ money_words('closing_amount_minor', 'coalesce(balance_currency_code, currency_code)') }}
          || ' instead of ' || {{ money_words('expected_minor', 'currency_code') }}
      else
        ': a difference of ' || {{ quantity_words('differing_quantity') }} || ', worth '
        || {{ money_words('effect_minor', 'currency_code') }} || ' at the price of grant '
        || coalesce(moved_grant_id, 'unknown')
    end
    || case when is_same_currency then '' else '. The subscription is billed in ' || currency_code end
    || coalesce('; ' || foreign_words, '')
    || coalesce('. Drawdowns ' || repeated_drawdown_ids || ' take from one grant for the same invoice line', '')
    || '.' as reason,
    case
      when blocked_reason is not null then 'Not tested: ' || blocked_reason
      when foreign_words is not null and new_foreign_grants = 0 and differing_quantity = 0
        then 'Not tested: the units are right, but ' || foreign_words
    end as not_testable_reason,
    'prepaid_grant:' || moved_grant_id as left_ref,
    'prepaid_balance:' || subscription_id || '|' || sku || '|' || period as right_ref,
    ends_at as due_at
  from valued

  union all

  -- units are left and no balance says so
  select
    cells.source_instance,
    cells.subscription_id || '|' || cells.sku || '|' || cells.period as match_key,
    cells.legal_entity_code,
    cells.customer_id,
    cells.currency_code,
    cells.period,
    cells.left_quantity as left_value,
    null as right_value,
    null as delta_minor,
    null as delta_quantity,
    false as has_fault,
    null as cause_code,
    null as failure_class,
    null as reason,
    'Not tested: no prepaid balance of ' || cells.sku || ' for subscription ' || cells.subscription_id
    || ' was delivered for ' || cells.period || ', in which '
    || {{ quantity_words('cells.left_quantity') }} || ' should be left' as not_testable_reason,
    'prepaid_grant:' || cells.moved_grant_id as left_ref,
    null as right_ref,
    null as due_at
  from cells
  where not cells.has_balance and cells.left_quantity <> 0
)

{{ reconcile('compared', code='R07', tolerance='T0', measure='quantity', provisional=true, domains=['billing']) }}
