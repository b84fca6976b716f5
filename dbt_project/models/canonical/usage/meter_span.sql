-- One row per meter and span of time in which it holds: which row of a meter turns a day's events into billed units?
-- A newer row ends an older one that was left open; read side by side, both would convert the same events and bill them
-- twice.
with meters as (
  select * from {{ ref('meter') }}
),

followed as (
  select
    *,
    lead(effective_from) over (partition by source_instance, meter_code order by effective_from) as next_from
  from meters
)

select
  source_instance,
  meter_code,
  sku,
  aggregation,
  unit_multiplier,
  effective_from,
  case
    when effective_to is null or effective_to > next_from then coalesce(next_from, effective_to)
    else effective_to
  end
    as effective_to
from followed
