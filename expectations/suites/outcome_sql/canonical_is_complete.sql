-- A row lost between staging and canonical is missing from every figure.
select r.*
from (select * from {batch}) as r
where not coalesce(r.is_complete, false)
