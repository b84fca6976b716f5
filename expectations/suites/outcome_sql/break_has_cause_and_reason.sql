-- A break without cause and reason is money that nobody can act on.
select r.*
from (select * from {batch}) as r
where
    (r.status = 'break' and (coalesce(trim(r.cause_code), '') = '' or coalesce(trim(r.reason), '') = ''))
    or (r.status = 'not_testable' and coalesce(trim(r.reason), '') = '')
