-- If the causes of a leg do not sum to it, part of the variance is explained twice or not at all.
with legs as (
    select
        c.* exclude (expected_minor, metered_minor, billed_minor, posted_minor, settled_minor),
        unnest(['A', 'B', 'C', 'D']) as leg,
        unnest([
            c.expected_minor - c.metered_minor,
            c.metered_minor - c.billed_minor,
            c.billed_minor - c.posted_minor,
            c.posted_minor - c.settled_minor
        ]) as leg_minor,
    from (select * from {batch}) as c
),

allocated as (
    select
        legal_entity_code,
        customer_id,
        subscription_id,
        sku,
        service_period_start,
        currency_code,
        leg,
        sum(amount_minor) as allocated_minor,
    from marts.bridge_allocation
    group by all
)

select
    coalesce(l.legal_entity_code, a.legal_entity_code) as legal_entity_code,
    coalesce(l.customer_id, a.customer_id) as customer_id,
    coalesce(l.subscription_id, a.subscription_id) as subscription_id,
    coalesce(l.sku, a.sku) as sku,
    coalesce(l.service_period_start, a.service_period_start) as service_period_start,
    coalesce(l.currency_code, a.currency_code) as currency_code,
    coalesce(l.leg, a.leg) as leg,
    l.leg_minor,
    a.allocated_minor,
    coalesce(l.leg_minor, 0) - coalesce(a.allocated_minor, 0) as delta_minor,
from legs as l
full outer join allocated as a
    on
        l.leg = a.leg
        and l.legal_entity_code is not distinct from a.legal_entity_code
        and l.customer_id is not distinct from a.customer_id
        and l.subscription_id is not distinct from a.subscription_id
        and l.sku is not distinct from a.sku
        and l.service_period_start is not distinct from a.service_period_start
        and l.currency_code is not distinct from a.currency_code
where l.leg_minor is distinct from a.allocated_minor
