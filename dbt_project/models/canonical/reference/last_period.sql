-- One row per legal entity that keeps a calendar: the last period that it holds. A schedule runs further than the
-- calendar was delivered: the days of what follows are counted from here, month by month, and not read from the label.
with periods as (
  select
    source_instance,
    legal_entity_code,
    period,
    start_date,
    row_number() over (partition by source_instance, legal_entity_code order by start_date desc, period desc)
      as recency
  from {{ ref('accounting_period') }}
  -- adjustment periods lie outside of the count
  where substr(period, 6, 2) between '01' and '12'
)

select source_instance, legal_entity_code, period, start_date
from periods
where recency = 1
