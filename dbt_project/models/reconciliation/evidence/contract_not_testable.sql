-- One row per contract whose carrying out in billing cannot be compared, and why: a row of it, of its lines, of a
-- subscription or of an item did not come through, or it states no terms at all. `contract_id` null: the row's key
-- cannot be read, so it may be of any contract of the instance.
with rejected as (
  select * from {{ ref('terms_not_testable') }}
),

subscriptions as (
  select * from {{ ref('subscription') }}
),

links as (
  select * from {{ source('config', 'instance_links') }} where domain = 'crm'
),

of_contracts as (
  select source_instance, scope_id as contract_id, reason from rejected where scope = 'contract'
),

of_subscriptions as (
  select subscriptions.crm_instance as source_instance, subscriptions.contract_id, rejected.reason
  from rejected
  inner join subscriptions
    on
      subscriptions.source_instance = rejected.source_instance
      and subscriptions.subscription_id = rejected.scope_id
  where rejected.scope in ('item', 'subscription') and subscriptions.contract_id is not null
),

new_subscriptions as (
  select
    links.linked_instance as source_instance,
    subscriptions_rejected.contract_id,
    'subscription ' || coalesce(subscriptions_rejected.key_text, 'whose key cannot be read') || ' was rejected: '
    || subscriptions_rejected.reason as reason
  from ({{ quarantined_rows('billing', 'subscriptions', ['contract_id']) }}) as subscriptions_rejected
  inner join links on links.source_instance = subscriptions_rejected.source_instance
  where subscriptions_rejected.contract_id is not null or subscriptions_rejected.key_text is null
),

without_lines as (
  select
    contracts.source_instance,
    contracts.contract_id,
    'version ' || cast(contracts.version as {{ dbt.type_string() }}) || ' of contract ' || contracts.contract_id
    || ' has no lines, so its terms are unknown' as reason
  from {{ ref('contract') }} as contracts
  left join {{ ref('contract_line') }} as lines
    on
      lines.source_instance = contracts.source_instance
      and lines.contract_id = contracts.contract_id
      and lines.version = contracts.version
  where lines.contract_line_id is null
),

collected as (
  select * from of_contracts
  union all
  select * from of_subscriptions
  union all
  select * from new_subscriptions
  union all
  select * from without_lines
)

select source_instance, contract_id, min(reason) as reason
from collected
group by source_instance, contract_id
