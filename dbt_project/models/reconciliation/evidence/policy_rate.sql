-- One row per ERP, pair of currencies and day on which a document or receipt was booked: the spot rate of the policy
-- table for that day, as numerator and denominator. A day without a rate (weekend, holiday) takes the newest of the
-- week before; a pair that is only quoted the other way round is turned over. No row: the table does not say.
{% set billion = '10000000000' %}
with bookings as (
  select source_instance, legal_entity_code, currency_code, posting_date as rate_day
  from {{ ref('ar_document') }}
  union
  select source_instance, legal_entity_code, currency_code, received_date as rate_day
  from {{ ref('cash_receipt') }}
),

needed as (
  select distinct
    bookings.source_instance,
    bookings.currency_code,
    entities.base_currency_code,
    bookings.rate_day
  from bookings
  inner join {{ ref('legal_entity') }} as entities
    on
      entities.source_instance = bookings.source_instance
      and entities.legal_entity_code = bookings.legal_entity_code
),

rates as (
  select
    source_instance,
    base_currency_code as from_currency_code,
    quote_currency_code as to_currency_code,
    rate_date,
    cast(rate * {{ billion }} as {{ whole() }}) as numerator,
    cast({{ billion }} as {{ whole() }}) as denominator,
    false as is_turned
  from {{ ref('fx_rate') }}
  where rate > 0 and rate_type = 'spot'
  union all
  select
    source_instance,
    quote_currency_code as from_currency_code,
    base_currency_code as to_currency_code,
    rate_date,
    cast({{ billion }} as {{ whole() }}) as numerator,
    cast(rate * {{ billion }} as {{ whole() }}) as denominator,
    true as is_turned
  from {{ ref('fx_rate') }}
  where rate > 0 and rate_type = 'spot'
),

quoted as (
  select
    needed.source_instance,
    needed.currency_code,
    needed.base_currency_code,
    needed.rate_day,
    rates.rate_date,
    rates.numerator,
    rates.denominator,
    rates.is_turned,
    row_number() over (
      partition by needed.source_instance, needed.currency_code, needed.base_currency_code, needed.rate_day
      order by rates.rate_date desc, rates.is_turned asc
    ) as recency
  from needed
  inner join rates
    on
      rates.source_instance = needed.source_instance
      and rates.from_currency_code = needed.currency_code
      and rates.to_currency_code = needed.base_currency_code
      and rates.rate_date between {{ add_days('needed.rate_day', -6) }} and needed.rate_day
  where needed.currency_code <> needed.base_currency_code
),

-- a rate that was rejected may be the very one of that day
rejected as (
  select source_instance, key_text, reason
  from {{ ref('untestable_record') }}
  where domain = 'erp' and object = 'fx_rates'
),

untested as (
  select
    needed.source_instance,
    needed.currency_code,
    needed.base_currency_code,
    needed.rate_day,
    min(
      'a row of fx_rates' || coalesce(' ' || rejected.key_text, ' whose key cannot be read') || ' ' || rejected.reason
    ) as reason
  from needed
  inner join rejected
    on
      rejected.source_instance = needed.source_instance
      and (
        rejected.key_text is null
        or rejected.key_text in (
          concat_ws('|', needed.currency_code, needed.base_currency_code, cast(needed.rate_day as string), 'spot'),
          concat_ws('|', needed.base_currency_code, needed.currency_code, cast(needed.rate_day as string), 'spot')
        )
      )
  where needed.currency_code <> needed.base_currency_code
  group by needed.source_instance, needed.currency_code, needed.base_currency_code, needed.rate_day
),

chosen as (
  select
    source_instance, currency_code, base_currency_code, rate_day, rate_date, numerator, denominator
  from quoted
  where recency = 1
  union all
  select
    source_instance, currency_code, base_currency_code, rate_day, rate_day as rate_date,
    cast({{ billion }} as {{ whole() }}) as numerator, cast({{ billion }} as {{ whole() }}) as denominator
  from needed
  where currency_code = base_currency_code
)

select
  chosen.source_instance,
  chosen.currency_code,
  chosen.base_currency_code,
  chosen.rate_day,
  chosen.rate_date,
  cast(chosen.numerator as decimal(38, 0)) as numerator,
  cast(chosen.denominator as decimal(38, 0)) as denominator,
  untested.reason as untested_reason
from chosen
left join untested
  on
    untested.source_instance = chosen.source_instance
    and untested.currency_code = chosen.currency_code
    and untested.base_currency_code = chosen.base_currency_code
    and untested.rate_day = chosen.rate_day
