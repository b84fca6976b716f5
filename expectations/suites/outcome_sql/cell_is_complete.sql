-- A missing amount is not zero, and a cell that occurs twice is counted twice.
select r.*
from (select * from {batch}) as r
where
    r.expected_minor is null
    or r.metered_minor is null
    or r.billed_minor is null
    or r.posted_minor is null
    or r.settled_minor is null
    or r.currency_code is null
    or (
        select count(*)
        from (select * from {batch}) as a
        where
            a.legal_entity_code is not distinct from r.legal_entity_code
            and a.customer_id is not distinct from r.customer_id
            and a.subscription_id is not distinct from r.subscription_id
            and a.sku is not distinct from r.sku
            and a.service_period_start is not distinct from r.service_period_start
            and a.currency_code is not distinct from r.currency_code
    ) > 1
