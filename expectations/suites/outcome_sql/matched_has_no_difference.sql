-- A matched result with a difference hides a variance.
select r.*
from (select * from {batch}) as r
where r.status = 'matched' and (coalesce(r.delta_minor, 0) <> 0 or coalesce(r.delta_quantity, 0) <> 0)
