-- One row per event and reference of it that does not resolve, and one per instance and reference with the number of
-- tenants, subscriptions and meters whose events name what is there.
with checked as (
  {{ unresolved_references(ref('event_reference_use'), landing_references(of='product.usage_events')) }}
),

-- few groups dangle: they go through the events of their months, not all events into a join
dangling_groups as (
  select distinct
    checked.source_instance,
    checked.record_key,
    names.service_month
  from checked
  inner join {{ ref('usage_name') }} as names
    on
      names.source_instance = checked.source_instance
      and names.tenant_id || '|' || names.subscription_id || '|' || names.meter_code = checked.record_key
),

dangling_events as (
  select
    dangling_groups.source_instance,
    dangling_groups.record_key,
    events.event_id
  from {{ ref('usage_event') }} as events
  inner join dangling_groups
    on
      dangling_groups.source_instance = events.source_instance
      and dangling_groups.record_key = events.tenant_id || '|' || events.subscription_id || '|' || events.meter_code
      and events.occurred_at >= dangling_groups.service_month
      and events.occurred_at < {{ add_months('dangling_groups.service_month', 1) }}
)

select
  checked.source_instance,
  checked.object,
  checked.column_name,
  coalesce(events.event_id, checked.record_key) as record_key,
  checked.legal_entity_code,
  checked.customer_id,
  checked.currency_code,
  checked.amount_minor,
  checked.words,
  checked.untestable,
  checked.missing_ref,
  checked.resolved_count
from checked
left join dangling_events as events
  on events.source_instance = checked.source_instance and events.record_key = checked.record_key
