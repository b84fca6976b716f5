-- One row per control, source instance, legal entity, currency and accounting period: how much was compared, what came
-- of it, and how large the breaks and the tolerated differences are. A systematic bias inside the tolerance is real
-- leakage: hence its net and absolute sums.
with results as (
  select * from {{ ref('reconciliation_results') }}
)

select
  code,
  source_instance,
  legal_entity_code,
  currency_code,
  period,
  count(*) as compared,
  count(*) filter (where status = 'matched') as matched,
  count(*) filter (where status = 'in_tolerance') as in_tolerance,
  count(*) filter (where status = 'timing') as timing,
  count(*) filter (where status = 'break') as breaks,
  count(*) filter (where status = 'not_testable') as not_testable,
  cast(coalesce(sum(delta_minor) filter (where status = 'break'), 0) as decimal(38, 0)) as break_net_minor,
  cast(coalesce(sum(abs(delta_minor)) filter (where status = 'break'), 0) as decimal(38, 0)) as break_absolute_minor,
  cast(coalesce(sum(delta_minor) filter (where status = 'in_tolerance'), 0) as decimal(38, 0)) as tolerance_net_minor,
  cast(
    coalesce(sum(abs(delta_minor)) filter (where status = 'in_tolerance'), 0) as decimal(38, 0)
  ) as tolerance_absolute_minor,
  cast(coalesce(sum(delta_minor) filter (where status = 'timing'), 0) as decimal(38, 0)) as timing_net_minor
from results
group by code, source_instance, legal_entity_code, currency_code, period
