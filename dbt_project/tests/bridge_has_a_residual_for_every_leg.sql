-- If this fails, a leg of a cell has no residual row, or more than one: nobody could tell that nothing was left over
-- from nothing having been looked at.
{{ config(meta={"dagster": {"ref": {"name": "bridge_explained"}}}) }}
with legs as (
  {{ bridge_legs(ref('bridge_cell')) }}
),

residuals as (
  select * from {{ ref('bridge_explained') }} where cause_code like '%99' and left_ref is null and right_ref is null
)

select
  legs.source_instance,
  {{ bridge_cell_of('legs') }},
  legs.leg,
  count(residuals.leg) as residual_rows
from legs
left join residuals on {{ bridge_same_cell('residuals', 'legs') }} and residuals.leg = legs.leg
group by legs.source_instance, {{ bridge_cell_of('legs') }}, legs.leg
having count(residuals.leg) <> 1
