-- One row per subscription and product with a rejected entitlement row that is newer than the accepted one: what is
-- granted is not known. A null part of the key cannot be read, and stands for every value.
with rejected as (
  {{ quarantined_rows('product', 'entitlements', ['subscription_id', 'sku', 'updated_at']) }}
),

accepted as (
  select * from {{ ref('entitlement') }}
),

unknown as (
  select
    rejected.source_instance,
    coalesce(rejected.subscription_id, accepted.subscription_id) as subscription_id,
    coalesce(rejected.sku, accepted.sku) as sku,
    'entitlement '
    || coalesce(rejected.key_text, 'whose id cannot be read')
    || ' was rejected: '
    || rejected.reason as reason
  from rejected
  left join accepted
    on accepted.source_instance = rejected.source_instance and accepted.entitlement_id = rejected.key_text
  where
    accepted.entitlement_id is null
    or {{ utc_timestamp_or_null('rejected.updated_at') }} is null
    or accepted.updated_at < {{ utc_timestamp_or_null('rejected.updated_at') }}
)

select
  links.linked_instance as billing_instance,
  unknown.subscription_id,
  unknown.sku,
  min(unknown.reason) as reason
from unknown
inner join {{ source('config', 'instance_links') }} as links
  on links.source_instance = unknown.source_instance and links.domain = 'billing'
group by links.linked_instance, unknown.subscription_id, unknown.sku
