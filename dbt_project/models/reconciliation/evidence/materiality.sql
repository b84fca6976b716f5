-- One row per legal entity and accounting period: its revenue in base currency, and the clearly-trivial threshold from
-- it. Revenue is what the journal shows on accounts that control revenue, as R32 proves it: with royalties between the
-- entities, or interest, a company would be lenient with its customers' money for what it pays itself. A period that
-- has not ended takes that of the last one that has, because a threshold of half a month's revenue would call
-- everything material on the first day.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

posted as (
  select
    journals.source_instance,
    journals.legal_entity_code,
    journals.period,
    cast(sum(journals.base_credit_minor - journals.base_debit_minor) as {{ whole() }}) as revenue_minor
  from {{ ref('journal_line') }} as journals
  inner join {{ ref('gl_account') }} as accounts
    on
      accounts.source_instance = journals.source_instance
      and accounts.account_number = journals.account_number
      and accounts.control = 'revenue'
  group by journals.source_instance, journals.legal_entity_code, journals.period
),

periods as (
  select
    periods.source_instance,
    periods.legal_entity_code,
    periods.period,
    periods.start_date,
    cast(periods.end_date as timestamp) < parameters.as_of
    and periods.end_date < {{ utc_date('parameters.as_of') }} as has_ended,
    coalesce(posted.revenue_minor, 0) as revenue_minor
  from {{ ref('accounting_period') }} as periods
  cross join parameters
  left join posted
    on
      posted.source_instance = periods.source_instance
      and posted.legal_entity_code = periods.legal_entity_code
      and posted.period = periods.period
),

last_ended as (
  select
    source_instance,
    legal_entity_code,
    revenue_minor,
    row_number() over (partition by source_instance, legal_entity_code order by start_date desc) as recency
  from periods
  where has_ended
),

based as (
  select
    periods.source_instance,
    periods.legal_entity_code,
    periods.period,
    periods.start_date,
    periods.has_ended,
    periods.revenue_minor,
    greatest(
      case when periods.has_ended then periods.revenue_minor else coalesce(last_ended.revenue_minor, 0) end, 0
    ) as basis_minor
  from periods
  left join last_ended
    on
      last_ended.source_instance = periods.source_instance
      and last_ended.legal_entity_code = periods.legal_entity_code
      and last_ended.recency = 1
),

scaled as (
  select
    based.*,
    cast(
      cast(parameters.materiality_percent_of_revenue * 10000 as bigint)
      * cast(parameters.clearly_trivial_percent * 10000 as bigint) as {{ whole() }}
    ) as numerator,
    cast(1000000000000 as {{ whole() }}) as denominator
  from based
  cross join parameters
)

select
  source_instance,
  legal_entity_code,
  period,
  start_date,
  has_ended,
  cast(revenue_minor as decimal(38, 0)) as revenue_minor,
  cast(basis_minor as decimal(38, 0)) as basis_minor,
  cast({{ mul_div_round('basis_minor', 'numerator', 'denominator') }} as decimal(38, 0)) as clearly_trivial_minor
from scaled
