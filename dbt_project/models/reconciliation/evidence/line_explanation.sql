-- One row per line whose amount is not what its terms give: which single factor, replaced by another known one, gives
-- exactly the billed amount? The order is frozen; it only decides between factors that explain the amount equally
-- well.
{# What every attempt keeps of the terms unless it says otherwise, and the billed amount it has to give. -#}
{%- set kept = {
  'price_id': 'lines.price_id',
  'scheme': 'lines.scheme',
  'unit_amount': 'lines.terms_unit_amount',
  'package_size': 'lines.package_size',
  'included_quantity': 'lines.included_quantity',
  'discount_percent': 'lines.discount_percent',
  'active_days': 'lines.active_days',
  'interval_days': 'lines.interval_days',
  'target_minor': 'lines.amount_minor',
} -%}
{%- set no_days = 'cast(null as bigint)' -%}
{%- set stale_terms = {'price_id': 'stale.price_id', 'scheme': 'stale.scheme', 'unit_amount': 'stale.unit_amount',
    'package_size': 'stale.package_size',
    'included_quantity': "case when lines.kind = 'usage' then stale.included_quantity else 0 end",
    'discount_percent': discount_in_force('stale.discount_percent', 'stale.discount_until', 'lines.service_start')} -%}
{%- set billings_copy = {'price_id': 'items.price_id', 'scheme': 'items.scheme', 'unit_amount': 'items.unit_amount',
    'package_size': 'items.package_size',
    'included_quantity': "case when lines.kind = 'usage' then items.included_quantity else 0 end",
    'discount_percent': discount_in_force('items.discount_percent', 'items.discount_until', 'lines.service_start')} -%}
{#- Billing's own copy: the item that the line names, or where it names none, those of its product. -#}
{%- set of_line = 'items.billing_instance = lines.billing_instance and items.subscription_id = lines.subscription_id'
    ~ ' and (items.terms_id = lines.item_id or (lines.item_id is null and items.sku = lines.sku))' -%}
{%- set own_item = 'items on ' ~ of_line -%}
{%- set rounded_price -%}
case lines.exponent
      when 0 then round(lines.terms_unit_amount, 0)
      when 2 then round(lines.terms_unit_amount, 2)
      when 3 then round(lines.terms_unit_amount, 3)
      else round(lines.terms_unit_amount, 4)
    end
{%- endset -%}
{#- place, cause, words, what changes, the relation it comes from, and when it is worth trying. -#}
{%- set attempts = [
  (10, 'B02', 'stale.terms_id', stale_terms, 'stale on stale.line_key = lines.line_key', 'stale.is_billings_copy = 1'),
  (20, 'B08', "'discount'",
    {'discount_percent': '0', 'target_minor': 'lines.amount_minor + lines.direction * lines.discount_amount_minor'},
    none, 'lines.discount_percent <> 0 or lines.discount_amount_minor <> 0'),
  (25, 'B05', "'a supplement priced as if nothing of the month had been billed before'", {}, none,
    'lines.turn > 1 and lines.included_quantity = 0'),
  (26, 'B06', "'a supplement that takes the allowance again'", {}, none,
    'lines.turn > 1 and lines.included_quantity <> 0'),
  (30, 'B05', "'price ' || prices.price_id",
    {'price_id': 'prices.price_id', 'scheme': 'prices.scheme', 'unit_amount': 'prices.unit_amount',
     'package_size': 'prices.package_size'},
    'prices on prices.source_instance = lines.billing_instance and prices.sku = lines.sku'
    ~ ' and prices.currency_code = lines.currency_code and prices.price_id <> lines.price_id', none),
  (31, 'B05', "schemes.scheme || ' instead of ' || lines.scheme", {'scheme': 'schemes.scheme'},
    'schemes on schemes.scheme <> lines.scheme', "lines.scheme in ('graduated', 'volume')"),
  (32, 'B05', "'all units at tier ' || steps.tier_number",
    {'scheme': "'per_unit'", 'unit_amount': 'steps.unit_amount'},
    'steps on steps.billing_instance = lines.billing_instance and steps.price_id = lines.price_id',
    "lines.scheme in ('graduated', 'volume')"),
  (33, 'B05', "'unit price ' || " ~ quantity_words('lines.unit_amount'),
    {'scheme': "case when lines.scheme in ('flat', 'package') then lines.scheme else 'per_unit' end",
     'unit_amount': 'lines.unit_amount'},
    none, 'lines.unit_amount is not null and lines.unit_amount is distinct from lines.terms_unit_amount'),
  (40, 'B06', "'included quantity 0'", {'included_quantity': '0'}, none, 'lines.included_quantity <> 0'),
  (41, 'B06', "'included quantity ' || " ~ quantity_words('items.included_quantity'),
    {'included_quantity': 'items.included_quantity'}, own_item,
    "lines.kind = 'usage' and items.included_quantity <> lines.included_quantity"),
  (50, 'B07', "'an interval of ' || days.length || ' days'", {'interval_days': 'days.length'},
    'days on days.length <> lines.interval_days', "lines.kind = 'recurring'"),
  (51, 'B07', "'no proration'", {'active_days': no_days, 'interval_days': no_days},
    none, "lines.kind = 'recurring' and lines.active_days <> lines.interval_days"),
  (52, 'B07', "(lines.active_days + shifts.days) || ' active days'", {'active_days': 'lines.active_days + shifts.days'},
    'shifts on lines.active_days + shifts.days > 0', "lines.kind = 'recurring'"),
  (60, 'B08', "'the discount after its end'", {'discount_percent': 'lines.terms_discount_percent'},
    none, 'lines.terms_discount_percent <> lines.discount_percent'),
  (61, 'B08', "'discount ' || " ~ quantity_words('items.discount_percent') ~ " || ' %'",
    {'discount_percent': 'items.discount_percent'}, own_item, 'items.discount_percent <> lines.discount_percent'),
  (70, 'B10', "'a rounded unit price'", {'unit_amount': rounded_price}, none, "lines.scheme = 'per_unit'"),
  (80, 'B02', 'stale.terms_id', stale_terms, 'stale on stale.line_key = lines.line_key', 'stale.is_billings_copy = 0'),
  (81, 'B02', 'items.terms_id', billings_copy, own_item, none),
] %}
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
  select 28 as length
  union all
  select 29
  union all
  select 30
  union all
  select 31
  union all
  select 360
  union all
  select 365
  union all
  select 366
),

-- terms of an older version, or of another date, that billing's own copy still holds
stale as (
  select
    lines.line_key,
    candidates.*,
    row_number() over (partition by lines.line_key order by candidates.version desc, candidates.terms_id asc) as turn,
    max(case
      when
        items.price_id = candidates.price_id
        and items.discount_percent = candidates.discount_percent
        and items.included_quantity = candidates.included_quantity
        then 1
      else 0
    end) over (partition by lines.line_key, candidates.terms_id) as is_billings_copy
  from lines
  inner join candidates
    on
      candidates.billing_instance = lines.billing_instance
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
  left join items on {{ of_line }}
),

schemes as (
  select 'graduated' as scheme
  union all
  select 'volume' as scheme
),

shifts as (
  select -1 as days
  union all
  select 1 as days
),

-- B02 first where billing's own copy still has the terms that no longer hold; B08 where the line is right before its
-- discount; then one factor at a time; last the stale terms that billing's copy does not show, and all of that copy
-- together
attempts as (
  {%- for place, cause, detail, changed, relation, condition in attempts %}
  select
    {{ place }} as place,
    '{{ cause }}' as cause_code,
    lines.line_key,
    {{ detail }} as detail,
  {%- for column, value in kept.items() %}
  {{ changed.get(column, value) }} as {{ column }}{{ ',' if not loop.last }}  -- noqa: LT02
  
  {%- endfor %}
  from
    lines
  {%- if relation %}
inner join {{ relation }}
  {%- endif %}
  {%- if condition %}
  where {{ condition }}
  {%- endif %}
  {{ 'union all' if not loop.last }}
  {%- endfor %}
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
  where
    abs(rated.rated_minor * lines.direction - numbered.target_minor) <= case when numbered.place = 20 then 1 else 0 end
)

select
  billing_instance,
  line_id,
  cause_code,
  detail
from explained
where choice = 1
