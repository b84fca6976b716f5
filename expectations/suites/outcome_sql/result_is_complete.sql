-- A result without code, key, instance or status is in no total of the close.
select r.*
from (select * from {batch}) as r
left join marts.controls as c on r.code = c.code
where
    c.code is null
    or coalesce(trim(r.match_key), '') = ''
    or coalesce(trim(r.source_instance), '') = ''
    or r.status is null
    or r.status not in ('matched', 'in_tolerance', 'timing', 'break', 'not_testable')
