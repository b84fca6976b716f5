-- If this fails, a variance is explained twice or not at all: the causes of a leg do not add up to it in some cell.
{{ config(meta={"dagster": {"ref": {"name": "bridge_allocation"}}}) }}
with legs as (
  {%- for leg, from_stage, to_stage in [
    ('A', 'expected_minor', 'metered_minor'),
    ('B', 'metered_minor', 'billed_minor'),
    ('C', 'billed_minor', 'posted_minor'),
    ('D', 'posted_minor', 'settled_minor'),
  ] %}
  select
    legal_entity_code, customer_id, subscription_id, sku, service_period_start, currency_code,
    '{{ leg }}' as leg, {{ from_stage }} - {{ to_stage }} as amount_minor
  from {{ ref('bridge_cells') }}
  {{ 'union all' if not loop.last }}
  {%- endfor %}
),

both_sides as (
  select * from legs
  union all
  select
    legal_entity_code,
    customer_id,
    subscription_id,
    sku,
    service_period_start,
    currency_code,
    leg,
    -amount_minor as amount_minor
  from {{ ref('bridge_allocation') }}
)

select
  legal_entity_code, customer_id, subscription_id, sku, service_period_start, currency_code, leg,
  sum(amount_minor) as difference_minor
from both_sides
group by legal_entity_code, customer_id, subscription_id, sku, service_period_start, currency_code, leg
having sum(amount_minor) <> 0
