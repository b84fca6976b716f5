-- One row per contract, price, subscription or set of items of which a newer row was rejected: its terms are not
-- known. Rating by the rows that did come through would call the billed amount wrong, or right, by terms that no longer
-- hold. A rejected row whose key cannot be read may be any of its instance: each of them has a row, and so has null, as
-- it may also be of something that never came through.
with contracts as (
  {{ quarantined_rows('crm', 'contracts', ['contract_id', 'updated_at']) }}
),

contract_lines as (
  {{ quarantined_rows('crm', 'contract_lines', ['contract_id', 'updated_at']) }}
),

prices as (
  {{ quarantined_rows('billing', 'prices', ['price_id', 'updated_at']) }}
),

price_tiers as (
  {{ quarantined_rows('billing', 'price_tiers', ['price_id', 'updated_at']) }}
),

subscription_items as (
  {{ quarantined_rows('billing', 'subscription_items', ['subscription_id', 'updated_at']) }}
),

subscriptions as (
  {{ quarantined_rows('billing', 'subscriptions', ['subscription_id', 'updated_at']) }}
),

accepted as (
  select source_instance, 'contract' as kind, contract_id || '|' || version as key_text, updated_at
  from {{ ref('contract_version') }}
  union all
  select source_instance, 'contract_line' as kind, contract_line_id as key_text, updated_at
  from {{ ref('contract_line') }}
  union all
  select source_instance, 'price' as kind, price_id as key_text, updated_at from {{ ref('price') }}
  union all
  select source_instance, 'price_tier' as kind, price_id || '|' || tier_number as key_text, updated_at
  from {{ ref('price_tier') }}
  union all
  select source_instance, 'subscription_item' as kind, item_id as key_text, updated_at
  from {{ ref('subscription_item') }}
  union all
  select source_instance, 'subscription' as kind, subscription_id as key_text, updated_at from {{ ref('subscription') }}
),

rejected as (
  {%- for kind, relation, scope, key in [
    ('contract', 'contracts', 'contract', 'contract_id'),
    ('contract_line', 'contract_lines', 'contract', 'contract_id'),
    ('price', 'prices', 'price', 'price_id'),
    ('price_tier', 'price_tiers', 'price', 'price_id'),
    ('subscription_item', 'subscription_items', 'item', 'subscription_id'),
    ('subscription', 'subscriptions', 'subscription', 'subscription_id'),
  ] %}
  select
    source_instance,
    '{{ kind }}' as kind,
    '{{ scope }}' as scope,
    {{ key }} as scope_id,
    key_text,
    {{ utc_timestamp_or_null('updated_at') }} as updated_at,
    reason
  from {{ relation }}
  {{ 'union all' if not loop.last }}
  {%- endfor %}
),

unknown as (
  select
    rejected.source_instance,
    rejected.scope,
    rejected.scope_id,
    min(
      replace(rejected.kind, '_', ' ')
      || ' '
      || coalesce(rejected.key_text, 'whose key cannot be read')
      || ' was rejected: '
      || rejected.reason
    ) as reason
  from rejected
  left join accepted
    on
      accepted.source_instance = rejected.source_instance
      and accepted.kind = rejected.kind
      and accepted.key_text = rejected.key_text
      and accepted.updated_at >= rejected.updated_at
  where accepted.key_text is null
  group by rejected.source_instance, rejected.scope, rejected.scope_id
),

known as (
  select distinct source_instance, 'contract' as scope, contract_id as scope_id from {{ ref('contract_version') }}
  union all
  select source_instance, 'price' as scope, price_id as scope_id from {{ ref('price') }}
  union all
  select source_instance, 'subscription' as scope, subscription_id as scope_id from {{ ref('subscription') }}
  union all
  select source_instance, 'item' as scope, subscription_id as scope_id from {{ ref('subscription') }}
)

select source_instance, scope, scope_id, reason from unknown

union all

select known.source_instance, known.scope, known.scope_id, unreadable.reason
from known
inner join unknown as unreadable
  on
    unreadable.source_instance = known.source_instance
    and unreadable.scope = known.scope
    and unreadable.scope_id is null
left join unknown as own
  on
    own.source_instance = known.source_instance
    and own.scope = known.scope
    and own.scope_id = known.scope_id
where own.scope_id is null
