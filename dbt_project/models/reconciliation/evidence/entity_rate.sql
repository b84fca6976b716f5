-- One row per legal entity, accounting period and currency: the rate to the entity's base currency at the period's end,
-- as numerator and denominator of minor units. Closing before spot; the newest on or before the last day; a rate quoted
-- the other way round is turned over. No row: nothing quotes it, and an amount in that currency cannot be judged.
with rates as (
  select
    source_instance,
    base_currency_code as from_currency_code,
    quote_currency_code as to_currency_code,
    rate_date,
    rate_type,
    cast(rate * 10000000000 as decimal(38, 0)) as numerator,
    cast(10000000000 as decimal(38, 0)) as denominator,
    0 as is_turned
  from {{ ref('fx_rate') }}
  where rate > 0 and rate_type in ('closing', 'spot')
  union all
  select
    source_instance,
    quote_currency_code as from_currency_code,
    base_currency_code as to_currency_code,
    rate_date,
    rate_type,
    cast(10000000000 as decimal(38, 0)) as numerator,
    cast(rate * 10000000000 as decimal(38, 0)) as denominator,
    1 as is_turned
  from {{ ref('fx_rate') }}
  where rate > 0 and rate_type in ('closing', 'spot')
),

periods as (
  select
    periods.source_instance,
    periods.legal_entity_code,
    periods.period,
    periods.end_date,
    entities.base_currency_code
  from {{ ref('accounting_period') }} as periods
  inner join {{ ref('legal_entity') }} as entities
    on entities.source_instance = periods.source_instance and entities.legal_entity_code = periods.legal_entity_code
),

quoted as (
  select
    periods.source_instance,
    periods.legal_entity_code,
    periods.period,
    rates.from_currency_code as currency_code,
    periods.base_currency_code,
    rates.numerator,
    rates.denominator,
    row_number() over (
      partition by periods.source_instance, periods.legal_entity_code, periods.period, rates.from_currency_code
      order by rates.rate_date desc, case rates.rate_type when 'closing' then 0 else 1 end, rates.is_turned asc
    ) as recency
  from periods
  inner join rates
    on
      rates.source_instance = periods.source_instance
      and rates.to_currency_code = periods.base_currency_code
      and rates.from_currency_code <> periods.base_currency_code
      and rates.rate_date <= periods.end_date
),

chosen as (
  select source_instance, legal_entity_code, period, currency_code, base_currency_code, numerator, denominator
  from quoted
  where recency = 1
  union all
  select
    source_instance, legal_entity_code, period, base_currency_code as currency_code, base_currency_code,
    cast(1 as decimal(38, 0)) as numerator, cast(1 as decimal(38, 0)) as denominator
  from periods
)

select
  chosen.source_instance,
  chosen.legal_entity_code,
  chosen.period,
  chosen.currency_code,
  chosen.base_currency_code,
  cast(chosen.numerator * {{ ten_to_the('target_currency.exponent') }} as {{ whole() }}) as numerator,
  cast(chosen.denominator * {{ ten_to_the('origin_currency.exponent') }} as {{ whole() }}) as denominator
from chosen
inner join {{ ref('currencies') }} as origin_currency on origin_currency.currency_code = chosen.currency_code
inner join {{ ref('currencies') }} as target_currency on target_currency.currency_code = chosen.base_currency_code
