-- If the work list and the results differ, two variances are stated for one period.
select
    coalesce(b.code, e.code) as code,
    coalesce(b.source_instance, e.source_instance) as source_instance,
    coalesce(b.match_key, e.match_key) as match_key,
    coalesce(b.currency_code, e.currency_code) as currency_code,
    b.code is not null as is_break,
    e.code is not null as is_open_exception,
    b.delta_minor as break_minor,
    e.delta_minor as exception_minor,
    coalesce(b.delta_minor, 0) - coalesce(e.delta_minor, 0) as delta_minor,
from (
    select * from marts.reconciliation_results
    where status = 'break'
) as b
full outer join (
    select * from {batch}
    where state not in (
        'resolved', 'verified', 'closed', 'auto_resolved', 'accepted_timing', 'written_off', 'merged'
    )
) as e
    on b.code = e.code and b.source_instance = e.source_instance and b.match_key = e.match_key
where
    b.code is null
    or e.code is null
    or b.delta_minor is distinct from e.delta_minor
    or b.currency_code is distinct from e.currency_code
