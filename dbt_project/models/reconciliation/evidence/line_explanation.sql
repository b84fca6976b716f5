-- One row per line whose amount is not what its terms give: which single factor, replaced by another known one, gives exactly
-- the billed amount? The order is frozen; it only decides between factors that explain the amount equally well.
with lines as (
  select
    *,
    billing_instance || '|' || line_id as line_key
  from {{ ref('line_expected') }}
  where
    kind <> 'minimum'
    and terms_id is not null
    and untestable_reason is null
    and terms_currency_code = currency_code
    and amount_minor <> expected_minor
),

candidates as (
  select * from {{ ref('terms_candidate') }} where untestable_reason is null
),

items as (
  select * from candidates where basis = 'item'
),

prices as (
  select * from {{ ref('price') }}
),

steps as (
  select * from {{ ref('price_step') }}
),

days as (
  select 28 as length union all select 29 union all select 30 union all select 31
  union all select 360 union all select 365 union all select 366
),

-- terms of an older version, or of another date, that billing's own copy still holds
stale as (
  select
    lines.line_key,
    candidates.*,
    row_number() over (partition by lines.line_key order by candidates.version desc, candidates.terms_id) as turn,
    max(case
      when items.price_id = candidates.price_id
        and items.discount_percent = candidates.discount_percent
        and items.included_quantity = candidates.included_quantity
        then 1
      else 0
    end) over (partition by lines.line_key, candidates.terms_id) as is_billings_copy
  from lines
  inner join candidates
    on candidates.billing_instance = lines.billing_instance
    and candidates.subscription_id = lines.subscription_id
    and candidates.sku = lines.sku
    and candidates.basis = 'contract'
    and candidates.terms_id <> lines.terms_id
    and candidates.currency_code = lines.currency_code
    and (
      candidates.price_id <> lines.price_id
      or candidates.discount_percent <> lines.terms_discount_percent
      or candidates.included_quantity <> lines.included_quantity
    )
  left join items
    on items.billing_instance = lines.billing_instance and items.terms_id = lines.item_id
),

attempts as (
  -- B02: the terms of a version or date that no longer hold, and that billing's copy still has
  select
    10 as place, 'B02' as cause_code, lines.line_key, stale.terms_id as detail,
    stale.price_id, stale.scheme, stale.unit_amount, stale.package_size,
    case when lines.kind = 'usage' then stale.included_quantity else 0 end as included_quantity,
    {{ discount_in_force('stale.discount_percent', 'stale.discount_until', 'lines.service_start') }} as discount_percent,
    lines.active_days, lines.interval_days, lines.amount_minor as target_minor
  from lines inner join stale on stale.line_key = lines.line_key
  where stale.is_billings_copy = 1

  union all

  -- B08: without any discount the line is right, so the discount taken is the only thing wrong
  select
    20, 'B08', lines.line_key, 'discount', lines.price_id, lines.scheme, lines.terms_unit_amount, lines.package_size,
    lines.included_quantity, 0, lines.active_days, lines.interval_days,
    lines.amount_minor + lines.direction * lines.discount_amount_minor
  from lines
  where lines.discount_percent <> 0 or lines.discount_amount_minor <> 0

  union all

  -- B05: another price of the product
  select
    30, 'B05', lines.line_key, 'price ' || prices.price_id, prices.price_id, prices.scheme, prices.unit_amount,
    prices.package_size, lines.included_quantity, lines.discount_percent, lines.active_days, lines.interval_days,
    lines.amount_minor
  from lines
  inner join prices
    on prices.source_instance = lines.billing_instance
    and prices.sku = lines.sku
    and prices.currency_code = lines.currency_code
    and prices.price_id <> lines.price_id

  union all

  -- B05: another scheme on the same tiers
  select
    31, 'B05', lines.line_key, schemes.scheme || ' instead of ' || lines.scheme, lines.price_id, schemes.scheme,
    lines.terms_unit_amount, lines.package_size, lines.included_quantity, lines.discount_percent, lines.active_days,
    lines.interval_days, lines.amount_minor
  from lines
  inner join (select 'graduated' as scheme union all select 'volume' as scheme) as schemes
    on schemes.scheme <> lines.scheme and lines.scheme in ('graduated', 'volume')

  union all

  -- B05: every unit at the price of one tier
  select
    32, 'B05', lines.line_key, 'all units at tier ' || steps.tier_number, lines.price_id, 'per_unit',
    steps.unit_amount, lines.package_size, lines.included_quantity, lines.discount_percent, lines.active_days,
    lines.interval_days, lines.amount_minor
  from lines
  inner join steps on steps.billing_instance = lines.billing_instance and steps.price_id = lines.price_id
  where lines.scheme in ('graduated', 'volume')

  union all

  -- B05: the unit price printed on the line
  select
    33, 'B05', lines.line_key, 'unit price ' || {{ quantity_words('lines.unit_amount') }}, lines.price_id,
    case when lines.scheme in ('flat', 'package') then lines.scheme else 'per_unit' end, lines.unit_amount,
    lines.package_size, lines.included_quantity, lines.discount_percent, lines.active_days, lines.interval_days,
    lines.amount_minor
  from lines
  where lines.unit_amount is not null and lines.unit_amount is distinct from lines.terms_unit_amount

  union all

  -- B06: no allowance, or that of billing's copy
  select
    40, 'B06', lines.line_key, 'included quantity 0', lines.price_id, lines.scheme, lines.terms_unit_amount,
    lines.package_size, 0, lines.discount_percent, lines.active_days, lines.interval_days, lines.amount_minor
  from lines
  where lines.included_quantity <> 0

  union all

  select
    41, 'B06', lines.line_key, 'included quantity ' || {{ quantity_words('items.included_quantity') }}, lines.price_id,
    lines.scheme, lines.terms_unit_amount, lines.package_size, items.included_quantity, lines.discount_percent,
    lines.active_days, lines.interval_days, lines.amount_minor
  from lines
  inner join items on items.billing_instance = lines.billing_instance and items.terms_id = lines.item_id
  where lines.kind = 'usage' and items.included_quantity <> lines.included_quantity

  union all

  -- B07: another length of the interval, no proration, or a day more or less
  select
    50, 'B07', lines.line_key, 'an interval of ' || days.length || ' days', lines.price_id, lines.scheme,
    lines.terms_unit_amount, lines.package_size, lines.included_quantity, lines.discount_percent, lines.active_days,
    days.length, lines.amount_minor
  from lines
  inner join days on lines.kind = 'recurring' and days.length <> lines.interval_days

  union all

  select
    51, 'B07', lines.line_key, 'no proration', lines.price_id, lines.scheme, lines.terms_unit_amount, lines.package_size,
    lines.included_quantity, lines.discount_percent, cast(null as bigint), cast(null as bigint), lines.amount_minor
  from lines
  where lines.kind = 'recurring' and lines.active_days <> lines.interval_days

  union all

  select
    52, 'B07', lines.line_key, (lines.active_days + shift.days) || ' active days', lines.price_id, lines.scheme,
    lines.terms_unit_amount, lines.package_size, lines.included_quantity, lines.discount_percent,
    lines.active_days + shift.days, lines.interval_days, lines.amount_minor
  from lines
  inner join (select -1 as days union all select 1 as days) as shift
    on lines.kind = 'recurring' and lines.active_days + shift.days > 0

  union all

  -- B08: the agreed discount outside its time, or that of billing's copy
  select
    60, 'B08', lines.line_key, 'the discount after its end', lines.price_id, lines.scheme, lines.terms_unit_amount,
    lines.package_size, lines.included_quantity, lines.terms_discount_percent, lines.active_days, lines.interval_days,
    lines.amount_minor
  from lines
  where lines.terms_discount_percent <> lines.discount_percent

  union all

  select
    61, 'B08', lines.line_key, 'discount ' || {{ quantity_words('items.discount_percent') }} || ' %', lines.price_id,
    lines.scheme, lines.terms_unit_amount, lines.package_size, lines.included_quantity, items.discount_percent,
    lines.active_days, lines.interval_days, lines.amount_minor
  from lines
  inner join items on items.billing_instance = lines.billing_instance and items.terms_id = lines.item_id
  where items.discount_percent <> lines.discount_percent

  union all

  -- B10: the unit price rounded before it was multiplied
  select
    70, 'B10', lines.line_key, 'a rounded unit price', lines.price_id, lines.scheme,
    case lines.exponent
      when 0 then round(lines.terms_unit_amount, 0)
      when 2 then round(lines.terms_unit_amount, 2)
      when 3 then round(lines.terms_unit_amount, 3)
      else round(lines.terms_unit_amount, 4)
    end, lines.package_size, lines.included_quantity,
    lines.discount_percent, lines.active_days, lines.interval_days, lines.amount_minor
  from lines
  where lines.scheme = 'per_unit'

  union all

  -- B02: stale terms that billing's copy does not show, when nothing simpler explains the amount
  select
    80, 'B02', lines.line_key, stale.terms_id, stale.price_id, stale.scheme, stale.unit_amount, stale.package_size,
    case when lines.kind = 'usage' then stale.included_quantity else 0 end,
    {{ discount_in_force('stale.discount_percent', 'stale.discount_until', 'lines.service_start') }},
    lines.active_days, lines.interval_days, lines.amount_minor
  from lines inner join stale on stale.line_key = lines.line_key
  where stale.is_billings_copy = 0

  union all

  -- B02: billing's whole copy, when it differs from the contract in more than one factor
  select
    81, 'B02', lines.line_key, items.terms_id, items.price_id, items.scheme, items.unit_amount, items.package_size,
    case when lines.kind = 'usage' then items.included_quantity else 0 end,
    {{ discount_in_force('items.discount_percent', 'items.discount_until', 'lines.service_start') }},
    lines.active_days, lines.interval_days, lines.amount_minor
  from lines
  inner join items on items.billing_instance = lines.billing_instance and items.terms_id = lines.item_id
),

numbered as (
  select
    *,
    line_key || '|' || row_number() over (partition by line_key order by place, detail, price_id) as rate_id
  from attempts
),

requests as (
  select
    numbered.rate_id,
    lines.billing_instance,
    numbered.price_id,
    numbered.scheme,
    numbered.unit_amount,
    numbered.package_size,
    cast(abs(lines.quantity) as decimal(38, 9)) as quantity,
    numbered.included_quantity,
    numbered.discount_percent,
    numbered.active_days,
    numbered.interval_days,
    lines.exponent
  from numbered
  inner join lines on lines.line_key = numbered.line_key
),

rated as (
  {{ rate('requests') }}
),

explained as (
  select
    lines.billing_instance,
    lines.line_id,
    numbered.place,
    numbered.cause_code,
    numbered.detail,
    row_number() over (partition by numbered.line_key order by numbered.place, numbered.rate_id) as choice
  from numbered
  inner join lines on lines.line_key = numbered.line_key
  inner join rated on rated.rate_id = numbered.rate_id
  -- a recorded discount was itself rounded, so the amount before it may be a minor unit off
  where abs(rated.rated_minor * lines.direction - numbered.target_minor) <= case when numbered.place = 20 then 1 else 0 end
)

select
  billing_instance,
  line_id,
  cause_code,
  detail
from explained
where choice = 1
