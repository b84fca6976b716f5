-- A row lost between landing and staging is missing from every figure.
select t.*
from outcome_staging as t
where
    (select count(*) from {batch}) >= 0
    and (t.landed_rows <> t.staged_rows or t.landed_total is distinct from t.staged_total)
