-- One row per source instance, cell, leg and cause: the amount in the reporting currency. Expected less settled is
-- translated once per cell, at the closing rate of the cell's month, and spread over the causes by largest remainder.
-- What the books translate otherwise is shown beside it: a wrong document rate (C12), the realised exchange difference
-- (D10), and as a line of its own the rest, which is only that posting and payment fell on other days (leg T).
with explained as (
  select
    source_instance, {{ bridge_cell() }}, leg, cause_code, sum(amount_minor) as amount_minor
  from {{ ref('bridge_explained') }}
  group by source_instance, {{ bridge_cell() }}, leg, cause_code
),

cells as (
  select
    cells.*,
    books.base_currency_code,
    rates.reporting_currency_code,
    rates.numerator,
    rates.denominator,
    base_rates.numerator as base_numerator,
    base_rates.denominator as base_denominator,
    cast(cells.expected_minor as {{ whole() }}) as expected_whole,
    cast(cells.expected_minor - cells.settled_minor as {{ whole() }}) as variance_whole
  from {{ ref('bridge_cell') }} as cells
  left join {{ ref('bridge_book') }} as books
    on books.source_instance = cells.source_instance and books.legal_entity_code = cells.legal_entity_code
  left join {{ ref('bridge_rate') }} as rates
    on
      rates.erp_instance = books.erp_instance
      and rates.currency_code = cells.currency_code
      and rates.month = {{ month_start('cells.service_period_start') }}
  left join {{ ref('bridge_rate') }} as base_rates
    on
      base_rates.erp_instance = books.erp_instance
      and base_rates.currency_code = books.base_currency_code
      and base_rates.month = {{ month_start('cells.service_period_start') }}
),

booked as (
  select
    source_instance, {{ bridge_cell() }},
    cast(sum(posted_policy_minor - posted_base_minor) as {{ whole() }}) as c12_base,
    cast(sum(settled_own_minor - settled_base_minor) as {{ whole() }}) as d10_base,
    cast(sum(settled_base_minor) as {{ whole() }}) as settled_base
  from {{ ref('bridge_booked') }}
  group by source_instance, {{ bridge_cell() }}
),

totals as (
  select
    cells.source_instance,
    {{ bridge_cell_of('cells') }},
    cells.reporting_currency_code,
    {{ mul_div_round('cells.variance_whole', 'cells.numerator', 'cells.denominator') }} as variance_minor,
    {{ mul_div_round('cells.expected_whole', 'cells.numerator', 'cells.denominator') }} as expected_minor,
    {{ mul_div_round('booked.c12_base', 'cells.base_numerator', 'cells.base_denominator') }} as c12_minor,
    {{ mul_div_round('booked.d10_base', 'cells.base_numerator', 'cells.base_denominator') }} as d10_minor,
    {{ mul_div_round('booked.settled_base', 'cells.base_numerator', 'cells.base_denominator') }} as settled_minor
  from cells
  left join booked on {{ bridge_same_cell('booked', 'cells') }}
),

-- each cause at the rate cut off to whole minor units; the largest remainders take what the cell's own amount has more
scaled as (
  select
    explained.*,
    abs(cast(explained.amount_minor as {{ whole() }})) as size,
    case when explained.amount_minor < 0 then -1 else 1 end as direction,
    cells.numerator,
    cells.denominator
  from explained
  inner join cells on {{ bridge_same_cell('cells', 'explained') }}
),

cut as (
  select
    *,
    direction * {{ whole_div('size * numerator', 'denominator') }} as whole_minor,
    direction * ((size * numerator) % denominator) as remainder
  from scaled
),

cut_sums as (
  select source_instance, {{ bridge_cell() }}, sum(whole_minor) as whole_minor
  from cut
  group by source_instance, {{ bridge_cell() }}
),

left_overs as (
  select
    totals.source_instance,
    {{ bridge_cell_of('totals') }},
    totals.reporting_currency_code,
    coalesce(totals.variance_minor - cut_sums.whole_minor, 0) as left_over
  from totals
  inner join cut_sums on {{ bridge_same_cell('cut_sums', 'totals') }}
),

placed as (
  select
    cut.*,
    left_overs.left_over,
    left_overs.reporting_currency_code
  from cut
  inner join left_overs on {{ bridge_same_cell('left_overs', 'cut') }}
),

-- only where something is left over is there a largest or a smallest remainder to look for
ranked as (
  select
    *,
    row_number() over (
      partition by source_instance, {{ bridge_cell() }}
      order by case when left_over > 0 then -remainder else remainder end, leg asc, cause_code asc
    ) as turn
  from placed
  where left_over <> 0
),

lines as (
  select
    source_instance, {{ bridge_cell() }}, leg, cause_code, amount_minor, reporting_currency_code,
    whole_minor as reporting_minor
  from placed
  where left_over = 0

  union all

  select
    source_instance, {{ bridge_cell() }}, leg, cause_code, amount_minor, reporting_currency_code,
    whole_minor + case when turn > abs(left_over) then 0 when left_over > 0 then 1 else -1 end as reporting_minor
  from ranked

  {%- for leg, cause, amount in [
    ('C', 'C12', 'c12_minor'), ('D', 'D10', 'd10_minor'),
    ('T', 'translation', 'expected_minor - coalesce(settled_minor, 0) - variance_minor - coalesce(c12_minor, 0)'
      ~ ' - coalesce(d10_minor, 0)'),
  ] %}

  union all

  select
    source_instance, {{ bridge_cell() }}, '{{ leg }}' as leg, '{{ cause }}' as cause_code, 0 as amount_minor,
    reporting_currency_code, {{ amount }} as reporting_minor
  from totals
  where {{ 'reporting_currency_code is not null' if leg == 'T' else 'coalesce(' ~ amount ~ ', 0) <> 0' }}
  {%- endfor %}
)

select
  source_instance,
  {{ bridge_cell() }},
  leg,
  cause_code,
  cast(amount_minor as decimal(38, 0)) as amount_minor,
  reporting_currency_code,
  cast(reporting_minor as decimal(38, 0)) as reporting_minor
from lines
