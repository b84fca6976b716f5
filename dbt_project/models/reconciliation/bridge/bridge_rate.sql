-- One row per ERP, currency and month of the bridge: the rate to the reporting currency at the month's end (closing
-- before spot, the newest on or before it), as numerator and denominator of minor units. A pair that is only quoted the
-- other way round is turned over, one that is not quoted at all goes through one other currency.
{% set billion = '10000000000' %}
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

needed as (
  select distinct
    books.erp_instance,
    cells.currency_code,
    {{ month_start('cells.service_period_start') }} as month
  from {{ ref('bridge_cell') }} as cells
  inner join {{ ref('bridge_book') }} as books
    on books.source_instance = cells.source_instance and books.legal_entity_code = cells.legal_entity_code
  union
  select distinct
    books.erp_instance,
    books.base_currency_code as currency_code,
    {{ month_start('cells.service_period_start') }} as month
  from {{ ref('bridge_cell') }} as cells
  inner join {{ ref('bridge_book') }} as books
    on books.source_instance = cells.source_instance and books.legal_entity_code = cells.legal_entity_code
  where books.base_currency_code is not null
),

rates as (
  {%- for origin, target, turned in [
    ('base_currency_code', 'quote_currency_code', 0), ('quote_currency_code', 'base_currency_code', 1),
  ] %}
  select
    source_instance,
    {{ origin }} as from_currency_code,
    {{ target }} as to_currency_code,
    rate_date,
    rate_type,
    {{ turned }} as is_turned,
    cast({{ billion if turned else 'rate * ' ~ billion }} as {{ whole() }}) as numerator,
    cast({{ 'rate * ' ~ billion if turned else billion }} as {{ whole() }}) as denominator
  from {{ ref('fx_rate') }}
  where rate > 0 and rate_type in ('closing', 'spot')
  {{ 'union all' if not loop.last }}
  {%- endfor %}
),

months as (
  select distinct erp_instance, month from needed
),

newest as (
  select
    months.month,
    rates.*,
    row_number() over (
      partition by months.erp_instance, months.month, rates.from_currency_code, rates.to_currency_code
      order by rates.rate_date desc, case rates.rate_type when 'closing' then 0 else 1 end, rates.is_turned asc
    ) as recency
  from months
  cross join parameters
  inner join rates
    on
      rates.source_instance = months.erp_instance
      and rates.rate_date < {{ add_months('months.month', 1) }}
      and rates.rate_date <= {{ utc_date('parameters.as_of') }}
),

quoted as (
  select * from newest where recency = 1
),

paths as (
  select
    needed.erp_instance,
    needed.currency_code,
    needed.month,
    parameters.reporting_currency as reporting_currency_code,
    0 as hops,
    cast('' as {{ dbt.type_string() }}) as via,
    cast(1 as {{ whole() }}) as first_n, cast(1 as {{ whole() }}) as first_d,
    cast(1 as {{ whole() }}) as second_n, cast(1 as {{ whole() }}) as second_d
  from needed
  cross join parameters
  where needed.currency_code = parameters.reporting_currency

  union all

  select
    needed.erp_instance, needed.currency_code, needed.month, parameters.reporting_currency as reporting_currency_code,
    1 as hops, cast('' as {{ dbt.type_string() }}) as via,
    direct.numerator as first_n, direct.denominator as first_d,
    cast(1 as {{ whole() }}) as second_n, cast(1 as {{ whole() }}) as second_d
  from needed
  cross join parameters
  inner join quoted as direct
    on
      direct.source_instance = needed.erp_instance
      and direct.month = needed.month
      and direct.from_currency_code = needed.currency_code
      and direct.to_currency_code = parameters.reporting_currency

  union all

  select
    needed.erp_instance, needed.currency_code, needed.month, parameters.reporting_currency as reporting_currency_code,
    2 as hops, outward.to_currency_code as via,
    outward.numerator as first_n, outward.denominator as first_d,
    inward.numerator as second_n, inward.denominator as second_d
  from needed
  cross join parameters
  inner join quoted as outward
    on
      outward.source_instance = needed.erp_instance
      and outward.month = needed.month
      and outward.from_currency_code = needed.currency_code
  inner join quoted as inward
    on
      inward.source_instance = needed.erp_instance
      and inward.month = needed.month
      and inward.from_currency_code = outward.to_currency_code
      and inward.to_currency_code = parameters.reporting_currency
),

shortest as (
  select
    *,
    row_number() over (partition by erp_instance, currency_code, month order by hops, via) as choice
  from paths
),

-- two hops are one rate of ten decimals
combined as (
  select
    *,
    {{ product_or_null('first_n', 'second_n') }} as product_n,
    {{ product_or_null('first_d', 'second_d') }} as product_d,
    cast({{ billion }} as {{ whole() }}) as unit
  from shortest
  where choice = 1
),

joined as (
  select
    *,
    case when hops = 2 then {{ mul_div_round('product_n', 'unit', 'product_d') }} else first_n end as numerator,
    case when hops = 2 then unit else first_d end as denominator
  from combined
),

minor as (
  select
    erp_instance,
    currency_code,
    month,
    reporting_currency_code,
    cast(
      numerator * {{ ten_to_the(currency_exponent('reporting_currency_code')) }} as {{ whole() }}
    ) as numerator,
    cast(denominator * {{ ten_to_the(currency_exponent('currency_code')) }} as {{ whole() }}) as denominator
  from joined
)

-- a rate beyond these is a typing error, and an amount times it would not fit in 38 digits: nothing is translated by it
select
  erp_instance,
  currency_code,
  month,
  reporting_currency_code,
  numerator,
  denominator
from minor
where
  numerator <= 10000000000000000000
  and {{ product_is_at_most('numerator', 'denominator', '10000000000000000000000000000000000000') }}
