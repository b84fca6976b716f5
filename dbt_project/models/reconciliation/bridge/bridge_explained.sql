-- One row per source instance, cell, leg and claimed record, and one residual (x99) per cell and leg, zero or not: the
-- complete explanation of every minor unit without tax, with its overlays.
with legs as (
  {{ bridge_legs(ref('bridge_cell')) }}
),

claims as (
  select * from {{ ref('bridge_claim') }} where amount_minor <> 0
),

claimed as (
  select source_instance, {{ bridge_cell() }}, leg, sum(amount_minor) as claimed_minor
  from claims
  group by source_instance, {{ bridge_cell() }}, leg
),

residuals as (
  select
    legs.source_instance,
    {{ bridge_cell_of('legs') }},
    legs.leg,
    cast(legs.leg_minor - coalesce(claimed.claimed_minor, 0) as decimal(38, 0)) as amount_minor
  from legs
  left join claimed
    on {{ bridge_same_cell('claimed', 'legs') }} and claimed.leg = legs.leg
)

select
  source_instance, {{ bridge_cell() }}, leg, cause_code, amount_minor, left_ref, right_ref, nature, direction,
  is_recoverable
from claims
union all
select
  source_instance, {{ bridge_cell() }},
  leg,
  leg || '99' as cause_code,
  amount_minor,
  cast(null as {{ dbt.type_string() }}) as left_ref,
  cast(null as {{ dbt.type_string() }}) as right_ref,
  'unexplained' as nature,
  case when amount_minor > 0 then 'leakage' when amount_minor < 0 then 'over-billing' end as direction,
  false as is_recoverable
from residuals
