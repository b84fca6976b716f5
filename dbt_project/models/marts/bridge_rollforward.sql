-- One row per source instance, legal entity, currency, leg and accounting month: opening + created - reversed = closing
-- of what is only a matter of time. Does last month's timing difference end, or does it grow for ever?
with items as (
  select * from {{ ref('bridge_timing_item') }}
),

months as (
  select distinct period from items
),

rows_wanted as (
  select distinct items.source_instance, items.legal_entity_code, items.currency_code, items.leg, months.period
  from items
  cross join months
),

filled as (
  select
    rows_wanted.source_instance,
    rows_wanted.legal_entity_code,
    rows_wanted.currency_code,
    rows_wanted.leg,
    rows_wanted.period,
    coalesce(items.created_minor, 0) as created_minor,
    coalesce(items.reversed_minor, 0) as reversed_minor
  from rows_wanted
  left join items
    on
      items.source_instance = rows_wanted.source_instance
      and items.legal_entity_code = rows_wanted.legal_entity_code
      and items.currency_code = rows_wanted.currency_code
      and items.leg = rows_wanted.leg
      and items.period = rows_wanted.period
),

rolled as (
  select
    *,
    sum(created_minor - reversed_minor) over (
      partition by source_instance, legal_entity_code, currency_code, leg
      order by period
      rows between unbounded preceding and current row
    ) as closing_minor
  from filled
)

select
  legal_entity_code,
  currency_code,
  period,
  leg,
  cast(closing_minor - created_minor + reversed_minor as decimal(38, 0)) as opening_minor,
  cast(created_minor as decimal(38, 0)) as created_minor,
  cast(reversed_minor as decimal(38, 0)) as reversed_minor,
  cast(closing_minor as decimal(38, 0)) as closing_minor,
  source_instance
from rolled
