-- One row per ERP item and effective date: which product is it, and where is its revenue posted?
with

items as (

  {{ vendor_union('erp', 'items', current_only=true) }}

),

skus as (

  select
    source_instance,
    sku
  from {{ ref('sku') }}

),

with_billing_instance as (

  {{ resolve_instance('items', 'sku', 'billing', 'skus', 'sku') }}

)

select
  source_instance,
  item_code,
  effective_from,
  sku,
  revenue_account,
  effective_to,
  updated_at,
  billing_instance,
  content_hash
from with_billing_instance
