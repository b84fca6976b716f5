-- One row per control, source instance, legal entity, currency and accounting period: how much was compared, what came
-- of it, and how large the breaks and the tolerated differences are. A systematic bias inside the tolerance is real
-- leakage: hence its net and absolute sums.
with results as (
  select * from {{ ref('reconciliation_results') }}
),

-- a break that is the consequence of another is no problem of its own
problems as (
  select code, source_instance, match_key
  from {{ ref('exceptions') }}
  where root_exception_key = exception_key
),

judged as (
  select
    results.*,
    problems.code is not null as is_problem
  from results
  left join problems
    on
      problems.code = results.code
      and problems.source_instance = results.source_instance
      and problems.match_key = results.match_key
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
  cast(coalesce(sum(delta_minor) filter (where status = 'timing'), 0) as decimal(38, 0)) as timing_net_minor,
  count(*) filter (where status = 'break' and is_problem) as problems
from judged
group by code, source_instance, legal_entity_code, currency_code, period
