-- One row per subscription and product that a customer's tenants may use at the time of the run: how much, since when,
-- until when, and since when is it so? Consecutive grants of the same limit are one; suspended ones are granted, too.
with parameters as (
  select as_of, {{ utc_date('as_of') }} as as_of_date from {{ source('config', 'parameters') }}
),

entitlements as (
  select
    *,
    coalesce(billing_instance, source_instance) as instance,
    lag(effective_to) over timeline as previous_to,
    lag(limit_quantity) over timeline as previous_limit
  from {{ ref('entitlement') }}
  where not coalesce(is_test_tenant, false)
  window timeline as (
    partition by source_instance, billing_instance, subscription_id, sku, tenant_id
    order by effective_from, entitlement_id
  )
),

numbered as (
  select
    *,
    sum(
      case when previous_to = effective_from and previous_limit is not distinct from limit_quantity then 0 else 1 end
    ) over (
      partition by source_instance, billing_instance, subscription_id, sku, tenant_id
      order by effective_from, entitlement_id
      rows between unbounded preceding and current row
    ) as island
  from entitlements
),

spans as (
  select
    *,
    min(effective_from) over (
      partition by source_instance, billing_instance, subscription_id, sku, tenant_id, island
    ) as granted_from
  from numbered
),

-- a row that is only touched again says nothing new
versions as (
  select
    current_rows.source_instance,
    current_rows.entitlement_id,
    min(versions.valid_from) as changed_at
  from entitlements as current_rows
  inner join {{ ref('entitlement_version') }} as versions
    on
      versions.source_instance = current_rows.source_instance
      and versions.entitlement_id = current_rows.entitlement_id
      and versions.status = current_rows.status
      and versions.limit_quantity is not distinct from current_rows.limit_quantity
      and versions.effective_from is not distinct from current_rows.effective_from
      and versions.effective_to is not distinct from current_rows.effective_to
  group by current_rows.source_instance, current_rows.entitlement_id
)

select
  spans.instance,
  spans.billing_instance,
  spans.subscription_id,
  spans.sku,
  case when count(*) = count(spans.limit_quantity) then cast(sum(spans.limit_quantity) as decimal(38, 9)) end
    as limit_quantity,
  min(spans.granted_from) as granted_from,
  min(spans.effective_from) as row_from,
  case when count(*) = count(spans.effective_to) then max(spans.effective_to) end as granted_to,
  max(coalesce(versions.changed_at, spans.updated_at)) as changed_at,
  count(*) filter (where spans.status = 'active') as active_rows,
  {{ joined_text('spans.entitlement_id') }} as entitlement_ids,
  {{ joined_text('spans.tenant_id') }} as tenant_ids
from spans
cross join parameters
left join versions
  on versions.source_instance = spans.source_instance and versions.entitlement_id = spans.entitlement_id
where
  spans.status in ('active', 'suspended')
  and spans.effective_from <= parameters.as_of_date
  and (spans.effective_to is null or spans.effective_to > parameters.as_of_date)
group by spans.instance, spans.billing_instance, spans.subscription_id, spans.sku
