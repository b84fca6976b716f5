-- Two results for one key state the same difference twice.
select r.*
from (select * from {batch}) as r
inner join (
    select
        code,
        source_instance,
        match_key,
    from {batch}
    group by code, source_instance, match_key
    having count(*) > 1
) as repeated
    on
        r.code = repeated.code
        and r.source_instance = repeated.source_instance
        and r.match_key = repeated.match_key
