-- If the causes of all legs do not sum to expected less settled, the bridge does not bridge.
with allocated as (
    select
        legal_entity_code,
        customer_id,
        subscription_id,
        sku,
        service_period_start,
        currency_code,
        sum(amount_minor) as bridged_minor,
    from marts.bridge_allocation
    group by all
)

select
    coalesce(c.legal_entity_code, a.legal_entity_code) as legal_entity_code,
    coalesce(c.customer_id, a.customer_id) as customer_id,
    coalesce(c.subscription_id, a.subscription_id) as subscription_id,
    coalesce(c.sku, a.sku) as sku,
    coalesce(c.service_period_start, a.service_period_start) as service_period_start,
    coalesce(c.currency_code, a.currency_code) as currency_code,
    c.expected_minor - c.settled_minor as variance_minor,
    a.bridged_minor,
    coalesce(c.expected_minor - c.settled_minor, 0) - coalesce(a.bridged_minor, 0) as delta_minor,
from (select * from {batch}) as c
full outer join allocated as a
    on
        c.legal_entity_code is not distinct from a.legal_entity_code
        and c.customer_id is not distinct from a.customer_id
        and c.subscription_id is not distinct from a.subscription_id
        and c.sku is not distinct from a.sku
        and c.service_period_start is not distinct from a.service_period_start
        and c.currency_code is not distinct from a.currency_code
where c.expected_minor - c.settled_minor is distinct from a.bridged_minor
