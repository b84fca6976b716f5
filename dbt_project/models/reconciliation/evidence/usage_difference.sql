-- One row per subscription, meter and service month that has events or metered usage: how far is metering from the
-- valid events, and which evidence explains it? Late events and sets that stand in an adjacent month are R04's
-- (is_moved); the rest is R03's, with one cause.
with events as (
  select * from {{ ref('usage_month') }}
),

metered as (
  select * from {{ ref('metered_month') }}
),

accounts as (
  select billing_instance, customer_id, min(top_account_key) as top_account_key
  from {{ ref('account') }}
  where billing_instance is not null
  group by billing_instance, customer_id
),

subscriptions as (
  select * from {{ ref('subscription') }}
),

meter_months as (
  select * from {{ ref('meter_month') }}
),

paired as (
  select
    coalesce(events.source_instance, metered.source_instance) as product_instance,
    coalesce(events.subscription_id, metered.subscription_id) as subscription_id,
    coalesce(events.meter_code, metered.meter_code) as meter_code,
    coalesce(events.service_month, metered.service_month) as service_month,
    coalesce(events.billing_instance, metered.billing_instance) as billing_instance,
    coalesce(events.valid_quantity, 0) as valid_quantity,
    coalesce(events.valid_count, 0) as valid_count,
    coalesce(events.in_time_quantity, 0) as in_time_quantity,
    coalesce(events.in_time_count, 0) as in_time_count,
    coalesce(events.in_grace_quantity, 0) as in_grace_quantity,
    coalesce(events.test_quantity, 0) as test_quantity,
    coalesce(events.test_count, 0) as test_count,
    coalesce(events.surplus_count, 0) as surplus_count,
    events.surplus_smallest,
    events.surplus_largest,
    events.untestable_reason,
    coalesce(metered.quantity, 0) as metered_quantity,
    coalesce(metered.event_count, 0) as metered_count,
    metered.first_record_id,
    metered.computed_at
  from events
  full outer join metered
    on
      metered.source_instance = events.source_instance
      and metered.subscription_id = events.subscription_id
      and metered.meter_code = events.meter_code
      and metered.service_month = events.service_month
),

measured as (
  select
    paired.*,
    meter_months.sku,
    coalesce(meter_months.aggregation, 'sum') as aggregation,
    subscriptions.customer_id,
    subscriptions.legal_entity_code,
    subscriptions.currency_code,
    coalesce(accounts.top_account_key, subscriptions.customer_id) as family,
    paired.metered_quantity - paired.in_time_quantity as surplus,
    paired.metered_count - paired.in_time_count as surplus_events
  from paired
  left join meter_months
    on
      meter_months.source_instance = paired.product_instance
      and meter_months.meter_code = paired.meter_code
      and meter_months.service_month = paired.service_month
  left join subscriptions
    on
      subscriptions.source_instance = paired.billing_instance and subscriptions.subscription_id = paired.subscription_id
  left join accounts
    on accounts.billing_instance = subscriptions.source_instance and accounts.customer_id = subscriptions.customer_id
),

-- a run of consecutive months whose differences cancel out is one set of events in the wrong month (A07, R04's)
differing as (
  select
    product_instance,
    subscription_id,
    meter_code,
    service_month,
    surplus,
    surplus_events,
    {{ months_apart("date '2000-01-01'", 'service_month') }}
    - row_number() over (partition by product_instance, subscription_id, meter_code order by service_month) as island
  from measured
  where (surplus <> 0 or surplus_events <> 0) and aggregation = 'sum'
),

islands as (
  select product_instance, subscription_id, meter_code, island
  from differing
  group by product_instance, subscription_id, meter_code, island
  having count(*) > 1 and sum(surplus) = 0 and sum(surplus_events) = 0 and max(abs(surplus)) > 0
),

neighbours as (
  select
    *,
    lag(surplus)
      over (partition by product_instance, subscription_id, meter_code, island order by service_month)
      as before,
    lag(surplus_events) over (partition by product_instance, subscription_id, meter_code, island order by service_month)
      as events_before,
    lead(surplus)
      over (partition by product_instance, subscription_id, meter_code, island order by service_month)
      as after,
    lead(surplus_events)
      over (partition by product_instance, subscription_id, meter_code, island order by service_month)
      as events_after
  from differing
),

moved as (
  select neighbours.product_instance, neighbours.subscription_id, neighbours.meter_code, neighbours.service_month
  from neighbours
  left join islands
    on
      islands.product_instance = neighbours.product_instance
      and islands.subscription_id = neighbours.subscription_id
      and islands.meter_code = neighbours.meter_code
      and islands.island = neighbours.island
  where
    islands.island is not null
    or (
      neighbours.surplus <> 0
      and neighbours.before = -neighbours.surplus
      and neighbours.events_before = -neighbours.surplus_events
    )
    or (
      neighbours.surplus <> 0
      and neighbours.after = -neighbours.surplus
      and neighbours.events_after = -neighbours.surplus_events
    )
),

own_part as (
  select
    measured.*,
    moved.service_month is not null as is_moved,
    case when moved.service_month is null then measured.surplus else 0 end as own_surplus,
    case when moved.service_month is null then measured.surplus_events else 0 end as own_surplus_events
  from measured
  left join moved
    on
      moved.product_instance = measured.product_instance
      and moved.subscription_id = measured.subscription_id
      and moved.meter_code = measured.meter_code
      and moved.service_month = measured.service_month
),

-- what a cell's own deliveries and test tenants explain needs no sibling: round quantities would pair by chance
own as (
  select
    *,
    case
      when
        own_surplus_events > 0
        and own_surplus_events <= surplus_count
        and (
          (aggregation <> 'sum' and own_surplus = 0)
          or own_surplus between own_surplus_events * surplus_smallest and own_surplus_events * surplus_largest
        )
        then 'A04'
      when test_count > 0 and own_surplus_events = test_count and own_surplus = test_quantity then 'A05'
    end as own_evidence
  from own_part
),

-- equal and opposite sets are paired one to one, first within a customer's hierarchy, where the order of subscription
-- decides, then within the entity, where a set that could belong to several others proves nothing: a loss here and a
-- phantom there would cancel out on paper.
{%- for scope, partition in [('family', 'billing_instance, family'), ('entity', 'legal_entity_code')] %}
{{ scope }}_sides as (
  select
    product_instance,
    {{ partition }},
    subscription_id,
    meter_code,
    service_month,
    own_surplus,
    own_surplus_events,
    row_number() over (
      partition by product_instance, {{ partition }}, meter_code, service_month, own_surplus, own_surplus_events
      order by subscription_id
    ) as turn,
    count(*) over (
      partition by product_instance, {{ partition }}, meter_code, service_month, own_surplus, own_surplus_events
    ) as candidates
  from {{ 'own' if scope == 'family' else 'unpaired' }}
  where own_surplus <> 0 and own_surplus_events <> 0 and own_evidence is null
),

{{ scope }}_pairs as (
  select
    sides.product_instance,
    sides.subscription_id,
    sides.meter_code,
    sides.service_month,
    others.subscription_id as sibling_id
  from {{ scope }}_sides as sides
  inner join {{ scope }}_sides as others
    on
      others.product_instance = sides.product_instance
      {%- for part in partition.split(', ') %}
      and others.{{ part }} = sides.{{ part }}
      {%- endfor %}
      and others.meter_code = sides.meter_code
      and others.service_month = sides.service_month
      and others.own_surplus = -sides.own_surplus
      and others.own_surplus_events = -sides.own_surplus_events
      and {{ 'others.turn = sides.turn' if scope == 'family' else 'others.candidates = 1 and sides.candidates = 1' }}
),
{%- if scope == 'family' %}

unpaired as (
  select own.*
  from own
  left join family_pairs as pairs
    on
      pairs.product_instance = own.product_instance
      and pairs.subscription_id = own.subscription_id
      and pairs.meter_code = own.meter_code
      and pairs.service_month = own.service_month
  where pairs.sibling_id is null
),
{% endif %}
{%- endfor %}

siblings as (
  select product_instance, subscription_id, meter_code, service_month, sibling_id, true as is_same_family
  from family_pairs
  union all
  select product_instance, subscription_id, meter_code, service_month, sibling_id, false as is_same_family
  from entity_pairs
)

select
  own.product_instance,
  own.billing_instance,
  own.subscription_id,
  own.meter_code,
  own.service_month,
  own.sku,
  own.aggregation,
  own.customer_id,
  own.legal_entity_code,
  own.currency_code,
  own.valid_quantity,
  own.valid_count,
  own.in_time_quantity,
  own.in_time_count,
  own.in_grace_quantity,
  own.test_quantity,
  own.test_count,
  own.surplus_count,
  own.metered_quantity,
  own.metered_count,
  own.metered_quantity - own.own_surplus as own_quantity,
  own.metered_count - own.own_surplus_events as own_count,
  own.own_surplus,
  own.own_surplus_events,
  own.is_moved,
  own.first_record_id,
  own.computed_at,
  own.untestable_reason,
  siblings.sibling_id,
  siblings.is_same_family,
  case
    when own.own_surplus = 0 and own.own_surplus_events = 0 then null
    when own.own_evidence is not null then own.own_evidence
    when siblings.sibling_id is not null then 'A06'
    when own.valid_count = 0 and own.metered_quantity <> 0 then 'A05'
    when own.own_surplus_events = 0 then 'A08'
    when own.own_surplus_events < 0 and own.own_surplus <= 0 then 'A01'
    when own.own_surplus_events > 0 and own.own_surplus >= 0 then 'A05'
    else 'A99'
  end as cause_code
from own
left join siblings
  on
    siblings.product_instance = own.product_instance
    and siblings.subscription_id = own.subscription_id
    and siblings.meter_code = own.meter_code
    and siblings.service_month = own.service_month
