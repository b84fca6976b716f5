-- If this fails, a variance is explained twice or not at all: the causes of a leg do not add up to it in some cell of
-- some instance, as kept inside or as published.
{{ config(meta={"dagster": {"ref": {"name": "bridge_allocation"}}}) }}
with internal as (
  {{ bridge_legs(ref('bridge_cell')) }}
),

public_cells as (
  select 'all' as source_instance, * from {{ ref('bridge_cells') }}
),

published as (
  {{ bridge_legs('public_cells') }}
),

both_sides as (
  select source_instance, {{ bridge_cell() }}, leg, leg_minor as amount_minor from internal
  union all
  select source_instance, {{ bridge_cell() }}, leg, -amount_minor as amount_minor from {{ ref('bridge_explained') }}
  union all
  select source_instance, {{ bridge_cell() }}, leg, leg_minor as amount_minor from published
  union all
  select 'all' as source_instance, {{ bridge_cell() }}, leg, -amount_minor as amount_minor
  from {{ ref('bridge_allocation') }}
)

select source_instance, {{ bridge_cell() }}, leg, sum(amount_minor) as difference_minor
from both_sides
group by source_instance, {{ bridge_cell() }}, leg
having sum(amount_minor) <> 0
