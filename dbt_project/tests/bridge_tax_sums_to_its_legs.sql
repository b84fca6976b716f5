-- If this fails, a difference in tax between billed, posted and settled is explained twice or not at all in some cell.
{{ config(meta={"dagster": {"ref": {"name": "bridge_tax"}}}) }}
with legs as (
  {{ bridge_legs(ref('bridge_cell'), tax=true) }}
),

both_sides as (
  select source_instance, {{ bridge_cell() }}, leg, leg_minor as amount_minor from legs
  union all
  select source_instance, {{ bridge_cell() }}, leg, -amount_minor as amount_minor from {{ ref('bridge_tax') }}
)

select source_instance, {{ bridge_cell() }}, leg, sum(amount_minor) as difference_minor
from both_sides
group by source_instance, {{ bridge_cell() }}, leg
having sum(amount_minor) <> 0
