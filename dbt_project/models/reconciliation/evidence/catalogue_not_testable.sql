-- One row per product whose mapping cannot be tested, and why: a row of the product, its meter, item or price was
-- rejected. `sku` null: the row does not tell its product, so it may be any of the instance.
with rejected as (
  select 'billing.skus' as object, source_instance as billing_instance, key_text, key_text as sku, reason
  from ({{ quarantined_rows('billing', 'skus', []) }}) as skus
  union all
  select 'billing.prices' as object, source_instance as billing_instance, key_text, sku, reason
  from ({{ quarantined_rows('billing', 'prices', ['sku']) }}) as prices
  union all
  select
    'product.meters' as object, links.linked_instance as billing_instance, meters.key_text, meters.sku,
    meters.reason
  from ({{ quarantined_rows('product', 'meters', ['sku']) }}) as meters
  inner join {{ source('config', 'instance_links') }} as links
    on links.source_instance = meters.source_instance and links.domain = 'billing'
  union all
  select 'erp.items' as object, links.linked_instance as billing_instance, items.key_text, items.sku, items.reason
  from ({{ quarantined_rows('erp', 'items', ['sku']) }}) as items
  inner join {{ source('config', 'instance_links') }} as links
    on links.source_instance = items.source_instance and links.domain = 'billing'
)

select
  billing_instance as source_instance,
  sku,
  min(
    'a row of ' || object || coalesce(' ' || key_text, ' whose key cannot be read')
    || ' was rejected at the boundary: ' || reason
  ) as reason
from rejected
group by billing_instance, sku
