-- One row per control, legal entity and currency with differences within tolerance: what do they add up to, and is that
-- still within the cap of the run? Each is too small to matter; a bias of half a cent on every line is not. The cap is
-- a share of the entity's clearly-trivial threshold; amounts are held against it at the rate of the period's end.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

results as (
  select * from {{ ref('reconciliation_results') }} where status = 'in_tolerance' and delta_minor is not null
),

links as (
  select source_instance, linked_instance as erp_instance
  from {{ source('config', 'instance_links') }}
  where domain = 'erp'
),

-- the threshold of the newest period that has begun
thresholds as (
  select
    thresholds.source_instance,
    thresholds.legal_entity_code,
    thresholds.period,
    thresholds.clearly_trivial_minor,
    row_number() over (
      partition by thresholds.source_instance, thresholds.legal_entity_code
      order by thresholds.start_date desc, thresholds.period desc
    ) as recency
  from {{ ref('materiality') }} as thresholds
  cross join parameters
  where thresholds.start_date <= {{ utc_date('parameters.as_of') }}
),

rates as (
  select * from {{ ref('entity_rate') }}
),

newest as (
  select * from thresholds where recency = 1
),

-- of several linked books those of the entity; without any, the sum stands without a cap
books as (
  select links.source_instance, newest.legal_entity_code, min(links.erp_instance) as erp_instance
  from links
  inner join newest on newest.source_instance = links.erp_instance
  group by links.source_instance, newest.legal_entity_code
),

sums as (
  select
    results.code,
    books.erp_instance,
    results.legal_entity_code,
    results.currency_code,
    count(*) as differences,
    cast(sum(results.delta_minor) as {{ whole() }}) as net_minor,
    cast(sum(abs(results.delta_minor)) as {{ whole() }}) as absolute_minor
  from results
  left join books
    on books.source_instance = results.source_instance and books.legal_entity_code = results.legal_entity_code
  group by results.code, books.erp_instance, results.legal_entity_code, results.currency_code
),

capped as (
  select
    sums.*,
    rates.base_currency_code,
    rates.numerator,
    rates.denominator,
    cast(newest.clearly_trivial_minor as {{ whole() }}) as threshold_minor,
    cast(parameters.tolerance_budget_percent * 10000 as {{ whole() }}) as percent_n,
    cast(1000000 as {{ whole() }}) as percent_d
  from sums
  cross join parameters
  left join newest
    on newest.source_instance = sums.erp_instance and newest.legal_entity_code = sums.legal_entity_code
  left join rates
    on
      rates.source_instance = sums.erp_instance
      and rates.legal_entity_code = sums.legal_entity_code
      and rates.period = newest.period
      and rates.currency_code = sums.currency_code
),

held as (
  select
    *,
    {{ mul_div_round('absolute_minor', 'numerator', 'denominator') }} as absolute_base_minor,
    {{ mul_div_round('threshold_minor', 'percent_n', 'percent_d') }} as cap_minor
  from capped
)

select
  code,
  coalesce(legal_entity_code, 'unknown') as legal_entity_code,
  coalesce(currency_code, 'unknown') as currency_code,
  cast(differences as bigint) as differences,
  cast(net_minor as decimal(38, 0)) as net_minor,
  cast(absolute_minor as decimal(38, 0)) as absolute_minor,
  base_currency_code,
  cast(absolute_base_minor as decimal(38, 0)) as absolute_base_minor,
  cast(cap_minor as decimal(38, 0)) as cap_minor,
  case
    when absolute_base_minor is null or cap_minor is null then 'not_testable'
    when absolute_base_minor > cap_minor then 'breached'
    else 'within'
  end as state,
  erp_instance
from held
