-- One row per cell, leg and claimed record with the tax that differs, and one residual per cell and leg, zero or not:
-- which cause explains which minor unit of tax between billed, posted (leg C) and settled (leg D)?
with legs as (
  {{ bridge_legs(ref('bridge_cell'), tax=true) }}
),

claims as (
  select * from {{ ref('bridge_claim') }} where tax_minor <> 0
),

claimed as (
  select source_instance, {{ bridge_cell() }}, leg, sum(tax_minor) as claimed_minor
  from claims
  group by source_instance, {{ bridge_cell() }}, leg
)

select
  {{ bridge_cell() }},
  leg,
  tax_cause_code as cause_code,
  tax_minor as amount_minor,
  left_ref,
  right_ref,
  {{ bridge_order_version() }} as order_version,
  source_instance
from claims
union all
select
  {{ bridge_cell_of('legs') }},
  legs.leg,
  legs.leg || '99' as cause_code,
  cast(legs.leg_minor - coalesce(claimed.claimed_minor, 0) as decimal(38, 0)) as amount_minor,
  cast(null as {{ dbt.type_string() }}) as left_ref,
  cast(null as {{ dbt.type_string() }}) as right_ref,
  {{ bridge_order_version() }} as order_version,
  legs.source_instance
from legs
left join claimed on {{ bridge_same_cell('claimed', 'legs') }} and claimed.leg = legs.leg
