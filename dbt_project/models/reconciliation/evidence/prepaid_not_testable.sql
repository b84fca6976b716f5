-- One row per subscription and product (and period, where a balance is at fault) of whose prepaid records one did not
-- come through: the roll-forward would lack it. A null part of the key cannot be read, and stands for every value.
with grants as (
  {{ quarantined_rows('billing', 'prepaid_grants', ['subscription_id', 'sku', 'updated_at']) }}
),

drawdowns as (
  {{ quarantined_rows('billing', 'prepaid_drawdowns', ['grant_id']) }}
),

balances as (
  {{ quarantined_rows('billing', 'prepaid_balances', ['subscription_id', 'sku', 'period', 'updated_at']) }}
),

unconvertible as (
  select * from {{ ref('unconvertible_row') }} where domain = 'billing'
),

staged_grants as (
  {{ vendor_union('billing', 'prepaid_grants', current_only=true) }}
),

staged_balances as (
  {{ vendor_union('billing', 'prepaid_balances', current_only=true) }}
),

accepted_grants as (
  select * from {{ ref('prepaid_grant') }}
),

accepted_drawdowns as (
  select source_instance, drawdown_id from {{ ref('prepaid_drawdown') }}
),

accepted_balances as (
  select *, subscription_id || '|' || sku || '|' || period as key_text from {{ ref('prepaid_balance') }}
)

select
  grants.source_instance,
  grants.subscription_id,
  grants.sku,
  cast(null as {{ dbt.type_string() }}) as period,
  'prepaid grant '
  || coalesce(grants.key_text, 'whose id cannot be read')
  || ' was rejected: '
  || grants.reason as reason
from grants
left join accepted_grants
  on
    accepted_grants.source_instance = grants.source_instance
    and accepted_grants.grant_id = grants.key_text
    and accepted_grants.updated_at >= {{ utc_timestamp_or_null('grants.updated_at') }}
where accepted_grants.grant_id is null

union all

select
  drawdowns.source_instance,
  owners.subscription_id,
  owners.sku,
  cast(null as {{ dbt.type_string() }}) as period,
  'prepaid drawdown '
  || coalesce(drawdowns.key_text, 'whose id cannot be read')
  || ' was rejected: '
  || drawdowns.reason as reason
from drawdowns
left join accepted_drawdowns
  on
    accepted_drawdowns.source_instance = drawdowns.source_instance
    and accepted_drawdowns.drawdown_id = drawdowns.key_text
left join accepted_grants as owners
  on owners.source_instance = drawdowns.source_instance and owners.grant_id = drawdowns.grant_id
where accepted_drawdowns.drawdown_id is null

union all

select
  balances.source_instance,
  balances.subscription_id,
  balances.sku,
  balances.period,
  'prepaid balance '
  || coalesce(balances.key_text, 'whose key cannot be read')
  || ' was rejected: '
  || balances.reason as reason
from balances
left join accepted_balances
  on
    accepted_balances.source_instance = balances.source_instance
    and accepted_balances.key_text = balances.key_text
    and accepted_balances.updated_at >= {{ utc_timestamp_or_null('balances.updated_at') }}
where accepted_balances.key_text is null

union all

select
  unconvertible.source_instance,
  staged_grants.subscription_id,
  staged_grants.sku,
  cast(null as {{ dbt.type_string() }}) as period,
  'prepaid grant ' || unconvertible.key_text || ' could not be used: ' || unconvertible.reason as reason
from unconvertible
inner join staged_grants
  on staged_grants.source_instance = unconvertible.source_instance and staged_grants.grant_id = unconvertible.key_text
where unconvertible.object = 'prepaid_grants'

union all

select
  unconvertible.source_instance,
  staged_balances.subscription_id,
  staged_balances.sku,
  staged_balances.period,
  'prepaid balance ' || unconvertible.key_text || ' could not be used: ' || unconvertible.reason as reason
from unconvertible
inner join staged_balances
  on
    staged_balances.source_instance = unconvertible.source_instance
    and staged_balances.subscription_id || '|' || staged_balances.sku || '|' || staged_balances.period
    = unconvertible.key_text
where unconvertible.object = 'prepaid_balances'
