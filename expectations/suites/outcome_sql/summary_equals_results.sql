-- The close is read from the summary: totals that are not those of the results misstate it.
with summed as (
    select
        code,
        source_instance,
        currency_code,
        count(*) as compared,
        count(*) filter (where status = 'matched') as matched,
        count(*) filter (where status = 'in_tolerance') as in_tolerance,
        count(*) filter (where status = 'timing') as timing,
        count(*) filter (where status = 'break') as breaks,
        count(*) filter (where status = 'not_testable') as not_testable,
        coalesce(sum(delta_minor) filter (where status = 'break'), 0) as break_net_minor,
        coalesce(sum(abs(delta_minor)) filter (where status = 'break'), 0) as break_absolute_minor,
        coalesce(sum(delta_minor) filter (where status = 'in_tolerance'), 0) as tolerance_net_minor,
        coalesce(sum(abs(delta_minor)) filter (where status = 'in_tolerance'), 0) as tolerance_absolute_minor,
    from marts.reconciliation_results
    group by code, source_instance, currency_code
),

stated as (
    select
        code,
        source_instance,
        currency_code,
        sum(compared) as compared,
        sum(matched) as matched,
        sum(in_tolerance) as in_tolerance,
        sum(timing) as timing,
        sum(breaks) as breaks,
        sum(not_testable) as not_testable,
        sum(break_net_minor) as break_net_minor,
        sum(break_absolute_minor) as break_absolute_minor,
        sum(tolerance_net_minor) as tolerance_net_minor,
        sum(tolerance_absolute_minor) as tolerance_absolute_minor,
    from {batch}
    group by code, source_instance, currency_code
)

select
    coalesce(stated.code, summed.code) as code,
    coalesce(stated.source_instance, summed.source_instance) as source_instance,
    coalesce(stated.currency_code, summed.currency_code) as currency_code,
    stated.compared as summary_compared,
    summed.compared as results_compared,
    stated.matched as summary_matched,
    summed.matched as results_matched,
    stated.breaks as summary_breaks,
    summed.breaks as results_breaks,
    stated.break_net_minor as summary_break_net_minor,
    summed.break_net_minor as results_break_net_minor,
    cast(
        coalesce(stated.break_net_minor, 0) - coalesce(summed.break_net_minor, 0) as decimal(38, 0)
    ) as delta_minor,
from stated
full outer join summed
    on
        stated.code = summed.code
        and stated.source_instance is not distinct from summed.source_instance
        and stated.currency_code is not distinct from summed.currency_code
where
    stated.compared is distinct from summed.compared
    or stated.matched is distinct from summed.matched
    or stated.in_tolerance is distinct from summed.in_tolerance
    or stated.timing is distinct from summed.timing
    or stated.breaks is distinct from summed.breaks
    or stated.not_testable is distinct from summed.not_testable
    or stated.break_net_minor is distinct from summed.break_net_minor
    or stated.break_absolute_minor is distinct from summed.break_absolute_minor
    or stated.tolerance_net_minor is distinct from summed.tolerance_net_minor
    or stated.tolerance_absolute_minor is distinct from summed.tolerance_absolute_minor
