{{ config(materialized='view') }}
-- One row per link of what was sold: from opportunity and contract to subscription, invoice line and revenue.
{% set link = [
  'from_type', 'from_instance', 'from_id', 'to_type', 'to_instance', 'to_id', 'relation', 'amount_minor', 'currency_code',
  'occurred_at', 'correlation_id', 'content_hash',
] %}
with opportunity_to_contract as (
  select
    'opportunity' as from_type, source_instance as from_instance, opportunity_id as from_id,
    'contract' as to_type, source_instance as to_instance, contract_id as to_id,
    'won' as relation, total_value_minor as amount_minor, currency_code,
    signed_at as occurred_at, business_transaction_id as correlation_id,
    content_hash
  from {{ ref('contract') }}
  where opportunity_id is not null
),

contract_to_line as (
  select
    'contract' as from_type, source_instance as from_instance, contract_id as from_id,
    'contract_line' as to_type, source_instance as to_instance, contract_line_id as to_id,
    'agreed' as relation, cast(null as bigint) as amount_minor, currency_code,
    cast(effective_from as timestamp) as occurred_at, business_transaction_id as correlation_id,
    content_hash
  from {{ ref('contract_line') }}
),

contract_to_subscription as (
  select
    'contract' as from_type,
    subscriptions.crm_instance as from_instance,
    subscriptions.contract_id as from_id,
    'subscription' as to_type,
    subscriptions.source_instance as to_instance,
    subscriptions.subscription_id as to_id,
    'sold' as relation, cast(null as bigint) as amount_minor, subscriptions.currency_code,
    cast(subscriptions.start_date as timestamp) as occurred_at,
    contracts.business_transaction_id as correlation_id,
    subscriptions.content_hash
  from {{ ref('subscription') }} as subscriptions
  inner join {{ ref('contract') }} as contracts
    on contracts.source_instance = subscriptions.crm_instance and contracts.contract_id = subscriptions.contract_id
),

line_to_item as (
  select
    'contract_line' as from_type, crm_instance as from_instance, contract_line_id as from_id,
    'subscription_item' as to_type, source_instance as to_instance, item_id as to_id,
    'provisioned' as relation, cast(null as bigint) as amount_minor, currency_code,
    cast(effective_from as timestamp) as occurred_at, business_transaction_id as correlation_id,
    content_hash
  from {{ ref('subscription_item') }}
  where contract_line_id is not null and crm_instance is not null
),

subscription_to_item as (
  select
    'subscription' as from_type, source_instance as from_instance, subscription_id as from_id,
    'subscription_item' as to_type, source_instance as to_instance, item_id as to_id,
    'contains' as relation, cast(null as bigint) as amount_minor, currency_code,
    cast(effective_from as timestamp) as occurred_at, business_transaction_id as correlation_id,
    content_hash
  from {{ ref('subscription_item') }}
),

subscription_to_entitlement as (
  select
    'subscription' as from_type, billing_instance as from_instance, subscription_id as from_id,
    'entitlement' as to_type, source_instance as to_instance, entitlement_id as to_id,
    'entitles' as relation,
    cast(null as bigint) as amount_minor,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    cast(effective_from as timestamp) as occurred_at, business_transaction_id as correlation_id,
    content_hash
  from {{ ref('entitlement') }}
  where billing_instance is not null
),

item_to_line as (
  select
    'subscription_item' as from_type, source_instance as from_instance, item_id as from_id,
    'invoice_line' as to_type, source_instance as to_instance, line_id as to_id,
    'billed' as relation, amount_minor, currency_code,
    finalized_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    content_hash
  from {{ ref('invoice_line') }}
  where item_id is not null
),

-- a line without an item still belongs to its subscription
line_without_item as (
  select
    'subscription' as from_type, source_instance as from_instance, subscription_id as from_id,
    'invoice_line' as to_type, source_instance as to_instance, line_id as to_id,
    'billed' as relation, amount_minor, currency_code,
    finalized_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    content_hash
  from {{ ref('invoice_line') }}
  where item_id is null
),

-- a label says no date: the entity's calendar says when its period begins
dated_schedules as (
  select
    schedules.*,
    cast(coalesce(calendar.start_date, {{ period_start('schedules.period') }}) as timestamp) as starts_at
  from {{ ref('revenue_schedule') }} as schedules
  left join {{ ref('accounting_period') }} as calendar
    on
      calendar.source_instance = schedules.source_instance
      and calendar.legal_entity_code = schedules.legal_entity_code
      and calendar.period = schedules.period
),

contract_to_schedule as (
  select
    'contract' as from_type, crm_instance as from_instance, contract_id as from_id,
    'revenue_schedule' as to_type, source_instance as to_instance, schedule_id as to_id,
    'deferred' as relation, amount_minor, currency_code,
    starts_at as occurred_at,
    cast(null as {{ dbt.type_string() }}) as correlation_id,
    content_hash
  from dated_schedules
  where contract_id is not null and crm_instance is not null
),

subscription_to_schedule as (
  select
    'subscription' as from_type, billing_instance as from_instance, subscription_id as from_id,
    'revenue_schedule' as to_type, source_instance as to_instance, schedule_id as to_id,
    'deferred' as relation, amount_minor, currency_code,
    starts_at as occurred_at,
    cast(null as {{ dbt.type_string() }}) as correlation_id,
    content_hash
  from dated_schedules
  where billing_instance is not null
),

schedule_to_journal as (
  select
    'revenue_schedule' as from_type, source_instance as from_instance, schedule_id as from_id,
    'journal' as to_type, source_instance as to_instance, journal_id as to_id,
    'recognised' as relation, amount_minor, currency_code,
    starts_at as occurred_at,
    cast(null as {{ dbt.type_string() }}) as correlation_id,
    cast(null as {{ dbt.type_string() }}) as content_hash
  from dated_schedules
  where journal_id is not null
)

{% for step in [
  'opportunity_to_contract', 'contract_to_line', 'contract_to_subscription', 'line_to_item', 'subscription_to_item',
  'subscription_to_entitlement', 'item_to_line', 'line_without_item', 'contract_to_schedule',
  'subscription_to_schedule', 'schedule_to_journal',
] %}
select {{ link | join(', ') }} from {{ step }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
