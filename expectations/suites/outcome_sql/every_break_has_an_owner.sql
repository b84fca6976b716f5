-- A break without an owner is nobody's work.
select r.*
from (select * from {batch}) as r
where
    coalesce(trim(r.reason), '') = ''
    or coalesce(trim(r.state), '') = ''
    or r.severity is null
    or r.severity not in ('S1', 'S2', 'S3', 'S4')
    or r.owner_role is null
    or r.owner_role not in (
        'RevOps', 'BillingOps', 'ProductData', 'IntegrationOps', 'AR', 'GL', 'RevenueAccounting', 'Tax', 'Treasury',
        'MasterData'
    )
