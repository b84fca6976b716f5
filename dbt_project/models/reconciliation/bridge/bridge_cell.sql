-- One row per source instance and cell: expected, metered, billed, posted and settled without tax, and the tax of the
-- last three. The public mart adds instances up; every assertion is made here, where two engines with the same ids stay
-- apart.
with usage as (
  select billing_instance as source_instance, * from {{ ref('bridge_usage') }}
),

fees as (
  select billing_instance as source_instance, * from {{ ref('bridge_fee') }}
),

unsubscribed as (
  select * from {{ ref('bridge_unsubscribed') }}
),

billed as (
  select billing_instance as source_instance, * from {{ ref('bridge_billed') }}
),

posted as (
  select * from {{ ref('bridge_posted') }}
),

-- what cannot be rated is taken as billed: a variance against unknown terms would be invented. Without an ERP nothing
-- is known after billing: the later stages are taken as billed, not as missing. Fees are not metered.
stages as (
  select
    {{ bridge_named_cell() }},
    expected_minor, metered_minor, 0 as billed_minor, 0 as posted_minor, 0 as settled_minor,
    0 as billed_tax_minor, 0 as posted_tax_minor, 0 as settled_tax_minor
  from usage
  union all
  select
    {{ bridge_named_cell() }},
    expected_minor, expected_minor as metered_minor, 0 as billed_minor, 0 as posted_minor, 0 as settled_minor,
    0 as billed_tax_minor, 0 as posted_tax_minor, 0 as settled_tax_minor
  from fees
  union all
  select
    {{ bridge_named_cell() }},
    expected_minor, expected_minor as metered_minor, 0 as billed_minor, 0 as posted_minor, 0 as settled_minor,
    0 as billed_tax_minor, 0 as posted_tax_minor, 0 as settled_tax_minor
  from unsubscribed
  union all
  select
    {{ bridge_named_cell() }},
    case when cause_code = 'untestable' then billed_minor else 0 end as expected_minor,
    case when cause_code = 'untestable' then billed_minor else 0 end as metered_minor,
    billed_minor,
    case when has_erp then 0 else billed_minor end as posted_minor,
    case when has_erp then 0 else billed_minor end as settled_minor,
    tax_minor as billed_tax_minor,
    case when has_erp then 0 else tax_minor end as posted_tax_minor,
    case when has_erp then 0 else tax_minor end as settled_tax_minor
  from billed
  union all
  select
    {{ bridge_named_cell() }},
    0 as expected_minor, 0 as metered_minor, 0 as billed_minor, posted_minor, settled_minor,
    0 as billed_tax_minor, posted_tax_minor, settled_tax_minor
  from posted
)

select
  source_instance,
  {{ bridge_cell() }},
  cast(sum(expected_minor) as decimal(38, 0)) as expected_minor,
  cast(sum(metered_minor) as decimal(38, 0)) as metered_minor,
  cast(sum(billed_minor) as decimal(38, 0)) as billed_minor,
  cast(sum(posted_minor) as decimal(38, 0)) as posted_minor,
  cast(sum(settled_minor) as decimal(38, 0)) as settled_minor,
  cast(sum(billed_tax_minor) as decimal(38, 0)) as billed_tax_minor,
  cast(sum(posted_tax_minor) as decimal(38, 0)) as posted_tax_minor,
  cast(sum(settled_tax_minor) as decimal(38, 0)) as settled_tax_minor
from stages
group by source_instance, {{ bridge_cell() }}
