-- One row per tier of a price with the quantity it begins at: which units does a tier hold? A tier that ends before it
-- begins, or an unbounded one that is not the last, cannot be rated: is_usable is false and the amount not testable.
with tiers as (
  select * from {{ ref('price_tier') }}
),

ordered as (
  select
    source_instance as billing_instance,
    price_id,
    tier_number,
    coalesce(lag(up_to) over (partition by source_instance, price_id order by tier_number), 0) as tier_from,
    up_to,
    unit_amount,
    coalesce(flat_amount, 0) as flat_amount,
    lag(up_to) over (partition by source_instance, price_id order by tier_number) is null
    and lag(tier_number) over (partition by source_instance, price_id order by tier_number) is not null
      as follows_unbounded
  from tiers
)

select
  billing_instance,
  price_id,
  tier_number,
  cast(tier_from as decimal(21, 9)) as tier_from,
  up_to,
  unit_amount,
  cast(flat_amount as decimal(22, 9)) as flat_amount,
  not follows_unbounded and coalesce(up_to > tier_from, true) and unit_amount is not null as is_usable
from ordered
