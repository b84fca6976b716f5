-- One row per payout of which something did not come through: itself, or a payment, refund or dispute that names it.
-- `payout_id` null: a row that cannot be read may belong to any payout of its instance. A row without a payout belongs
-- to none.
{% set movements = [('payments', 'payment_id'), ('refunds', 'refund_id'), ('disputes', 'dispute_id')] %}
with rejected as (
  {% for object, key in movements %}
  select
    source_instance,
    '{{ object }}' as object,
    key_text,
    payout_id,
    key_text is null as is_any,
    'was rejected at the boundary: ' || reason as reason
  from ({{ quarantined_rows('billing', object, ['payout_id']) }}) as quarantined
  union all
  {% endfor %}
  select
    source_instance,
    'payouts' as object,
    key_text,
    key_text as payout_id,
    key_text is null as is_any,
    'was rejected at the boundary: ' || reason as reason
  from ({{ quarantined_rows('billing', 'payouts', ['payout_id']) }}) as quarantined
),

staged as (
  {% for object, key in movements %}
  select source_instance, '{{ object }}' as object, {{ key }} as key_text, payout_id
  from ({{ vendor_union('billing', object, current_only=true) }}) as {{ object }}
  union all
  {% endfor %}
  select source_instance, 'payouts' as object, payout_id as key_text, payout_id
  from ({{ vendor_union('billing', 'payouts', current_only=true) }}) as payouts
),

unconvertible as (
  select
    rows_left_out.source_instance,
    rows_left_out.object,
    rows_left_out.key_text,
    staged.payout_id,
    'could not be converted to minor units: ' || rows_left_out.reason as reason
  from {{ ref('unconvertible_row') }} as rows_left_out
  inner join staged
    on
      staged.source_instance = rows_left_out.source_instance
      and staged.object = rows_left_out.object
      and staged.key_text = rows_left_out.key_text
  where rows_left_out.domain = 'billing'
),

collected as (
  select source_instance, object, key_text, payout_id, is_any, reason from rejected
  union all
  select source_instance, object, key_text, payout_id, false as is_any, reason from unconvertible
)

select
  source_instance,
  case when not is_any then payout_id end as payout_id,
  min('a row of ' || object || coalesce(' ' || key_text, ' whose key cannot be read') || ' ' || reason) as reason
from collected
where is_any or payout_id is not null
group by source_instance, case when not is_any then payout_id end
