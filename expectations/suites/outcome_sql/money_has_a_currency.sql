-- An amount without a currency can be in no total.
select r.*
from (select * from {batch}) as r
left join boundary_currencies as c on r.currency_code = c.currency_code
where coalesce(r.delta_minor, 0) <> 0 and c.currency_code is null
