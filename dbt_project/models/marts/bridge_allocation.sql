-- One row per cell, leg and claimed record with its cause, and one residual (x99) per cell and leg, zero or not: which
-- cause explains which minor unit? Only x99 may hold what nothing explains.
with explained as (
  select * from {{ ref('bridge_explained') }}
)

select
  {{ bridge_cell() }},
  leg,
  cause_code,
  amount_minor,
  left_ref,
  right_ref,
  {{ bridge_order_version() }} as order_version,
  source_instance,
  nature,
  direction,
  is_recoverable
from explained
