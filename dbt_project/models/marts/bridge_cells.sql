-- One row per cell (entity, billing customer, subscription, product, service period, currency): expected, metered,
-- billed, posted and settled, in minor units, excluding tax. Where does a minor unit that was earned stop on its way
-- to cash?
with cells as (
  select * from {{ ref('bridge_cell') }}
)

select
  {{ bridge_cell() }},
  cast(sum(expected_minor) as decimal(38, 0)) as expected_minor,
  cast(sum(metered_minor) as decimal(38, 0)) as metered_minor,
  cast(sum(billed_minor) as decimal(38, 0)) as billed_minor,
  cast(sum(posted_minor) as decimal(38, 0)) as posted_minor,
  cast(sum(settled_minor) as decimal(38, 0)) as settled_minor
from cells
group by {{ bridge_cell() }}
