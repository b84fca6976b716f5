-- If this fails, expected less settled (V) is not what the causes explain in some cell: money appears or vanishes in
-- the bridge.
{{ config(meta={"dagster": {"ref": {"name": "bridge_allocation"}}}) }}
with both_sides as (
  select {{ bridge_cell() }}, expected_minor - settled_minor as amount_minor from {{ ref('bridge_cells') }}
  union all
  select {{ bridge_cell() }}, -amount_minor as amount_minor from {{ ref('bridge_allocation') }}
)

select {{ bridge_cell() }}, sum(amount_minor) as difference_minor
from both_sides
group by {{ bridge_cell() }}
having sum(amount_minor) <> 0
