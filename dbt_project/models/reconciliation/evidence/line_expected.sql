-- One row per billed line: what should the billed quantity cost at the terms in force? A later line of a month already
-- billed is what all units cost less what was billed before, so a supplement can be negative in a volume scheme.
with lines as (
  select * from {{ ref('line_terms') }}
),

chained as (
  select
    billing_instance,
    line_id,
    cast(sum(quantity) over chain as decimal(38, 9)) as quantity_to_here,
    cast((sum(quantity) over chain) - quantity as decimal(38, 9)) as quantity_before,
    row_number() over chain as turn
  from lines
  where kind = 'usage' and is_counted
  window chain as (
    partition by billing_instance, subscription_id, sku, service_month, terms_id
    order by finalized_at, line_id
    rows between unbounded preceding and current row
  )
),

months as (
  select
    billing_instance,
    subscription_id,
    sku,
    service_month,
    cast(coalesce(sum(quantity) filter (where kind = 'usage'), 0) as decimal(38, 9)) as usage_quantity,
    count(*) filter (where kind = 'minimum') as minimum_lines,
    coalesce(sum(amount_minor) filter (where kind = 'minimum'), 0) as minimum_billed_minor,
    max(line_id) filter (where kind = 'minimum') as last_minimum_line_id
  from lines
  where kind in ('usage', 'minimum') and is_counted
  group by billing_instance, subscription_id, sku, service_month
),

placed as (
  select
    lines.*,
    lines.billing_instance || '|' || lines.line_id as line_key,
    chained.turn,
    chained.quantity_to_here,
    chained.quantity_before,
    months.usage_quantity,
    months.minimum_lines,
    months.minimum_billed_minor,
    months.last_minimum_line_id
  from lines
  left join chained on chained.billing_instance = lines.billing_instance and chained.line_id = lines.line_id
  left join months
    on
      months.billing_instance = lines.billing_instance
      and months.subscription_id = lines.subscription_id
      and months.sku = lines.sku
      and months.service_month = lines.service_month
      and lines.kind in ('usage', 'minimum')
      and lines.is_counted
),

requests as (
  {%- for name, quantity, condition in [
    ('alone', 'abs(quantity)', "kind <> 'minimum' and (kind <> 'usage' or quantity >= 0)"),
    ('to_here', 'greatest(quantity_to_here, 0)', 'turn > 1'),
    ('before', 'greatest(quantity_before, 0)', 'turn > 1'),
    ('month', 'greatest(usage_quantity, 0)', 'usage_quantity is not null'),
  ] %}
  select
    '{{ name }}|' || line_key as rate_id,
    billing_instance,
    price_id,
    scheme,
    terms_unit_amount as unit_amount,
    package_size,
    cast({{ quantity }} as decimal(38, 9)) as quantity,
    included_quantity,
    discount_percent,
    active_days,
    interval_days,
    exponent
  from placed
  where {{ condition }} and terms_id is not null
  {{ 'union all' if not loop.last }}
  {%- endfor %}
),

rated as (
  {{ rate('requests') }}
),

expected as (
  select
    placed.*,
    alone.rated_minor * placed.direction as alone_minor,
    to_here.rated_minor - before.rated_minor as supplement_minor,
    {{ minimum_top_up('placed.minimum_amount_minor', 'month.rated_minor') }} as top_up_minor
  from placed
  left join rated as alone on alone.rate_id = 'alone|' || placed.line_key
  left join rated as to_here on to_here.rate_id = 'to_here|' || placed.line_key
  left join rated as before on before.rate_id = 'before|' || placed.line_key
  left join rated as month on month.rate_id = 'month|' || placed.line_key
),

decided as (
  select
    *,
    case
      -- what a credit took back whole is mended
      when taken_back_cause is not null then amount_minor
      when kind = 'minimum' and not is_counted then amount_minor
      when kind = 'minimum' and line_id = last_minimum_line_id then top_up_minor - (minimum_billed_minor - amount_minor)
      when kind = 'minimum' then amount_minor
      when turn > 1 then supplement_minor
      else alone_minor
    end as line_minor,
    -- a minimum that was never billed is owed, and shown on the month's first usage line
    case
      when
        kind = 'usage' and minimum_lines = 0 and turn = 1 and is_counted
        then coalesce(top_up_minor, 0)
      else 0
    end as missing_minimum_minor
  from expected
)

select
  billing_instance,
  line_id,
  invoice_id,
  invoice_number,
  subscription_id,
  item_id,
  item_price_id,
  sku,
  kind,
  stated_kind,
  direction,
  quantity,
  unit_amount,
  discount_amount_minor,
  amount_minor,
  service_start,
  service_end,
  service_month,
  terms_date,
  is_proration,
  is_counted,
  is_known_subscription,
  issue_date,
  currency_code,
  legal_entity_code,
  customer_id,
  terms_id,
  basis,
  contract_id,
  version,
  price_id,
  scheme,
  terms_unit_amount,
  package_size,
  terms_discount_percent,
  discount_percent,
  discount_until,
  included_quantity,
  minimum_amount_minor,
  terms_currency_code,
  exponent,
  active_days,
  interval_days,
  interval_months,
  untestable_reason,
  turn,
  line_minor,
  missing_minimum_minor,
  line_minor + missing_minimum_minor as expected_minor
from decided
