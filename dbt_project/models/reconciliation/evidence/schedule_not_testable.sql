-- One row per contract and product whose revenue schedule cannot be compared: a schedule row or a billed line of it did
-- not come through. `contract_id` or `sku` null: the row may belong to any.
with schedules as (
  {{ vendor_union('erp', 'revenue_schedules', current_only=true) }}
),

links as (
  select source_instance, linked_instance
  from {{ source('config', 'instance_links') }}
  where domain = 'erp'
),

collected as (
  select
    source_instance,
    contract_id,
    sku,
    'a row of revenue_schedules' || coalesce(' ' || key_text, ' whose key cannot be read')
    || ' was rejected at the boundary: ' || reason as reason
  from ({{ quarantined_rows('erp', 'revenue_schedules', ['contract_id', 'sku']) }}) as rejected_schedules
  union all
  select
    schedules.source_instance,
    schedules.contract_id,
    schedules.sku,
    'a row of revenue_schedules ' || left_out.key_text || ' could not be converted to minor units: ' || left_out.reason
      as reason
  from {{ ref('unconvertible_row') }} as left_out
  inner join schedules
    on schedules.source_instance = left_out.source_instance and schedules.schedule_id = left_out.key_text
  where left_out.domain = 'erp' and left_out.object = 'revenue_schedules'
  union all
  select
    links.linked_instance as source_instance,
    subscriptions.contract_id,
    rejected_lines.sku,
    'a row of invoice_lines' || coalesce(' ' || rejected_lines.key_text, ' whose key cannot be read')
    || ' was rejected at the boundary: ' || rejected_lines.reason as reason
  from ({{ quarantined_rows('billing', 'invoice_lines', ['subscription_id', 'sku']) }}) as rejected_lines
  inner join links on links.source_instance = rejected_lines.source_instance
  left join {{ ref('subscription') }} as subscriptions
    on
      subscriptions.source_instance = rejected_lines.source_instance
      and subscriptions.subscription_id = rejected_lines.subscription_id
  where rejected_lines.subscription_id is null or subscriptions.contract_id is not null
)

select source_instance, contract_id, sku, min(reason) as reason
from collected
group by source_instance, contract_id, sku
