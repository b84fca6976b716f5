-- One row per subscription and product: what does the contract grant at the time of the run (or did it last grant),
-- since when, until when, and since when is that agreed? Consecutive lines of the same quantity are one.
with parameters as (
  select as_of, {{ utc_date('as_of') }} as as_of_date from {{ source('config', 'parameters') }}
),

terms as (
  select
    *,
    lag(effective_to) over timeline as previous_to,
    lag(quantity) over timeline as previous_quantity
  from {{ ref('terms') }}
  window timeline as (partition by billing_instance, subscription_id, sku order by effective_from, terms_id)
),

numbered as (
  select
    *,
    sum(
      case when previous_to = effective_from and previous_quantity is not distinct from quantity then 0 else 1 end
    ) over (
      partition by billing_instance, subscription_id, sku
      order by effective_from, terms_id
      rows between unbounded preceding and current row
    ) as island
  from terms
),

begun as (
  select numbered.*, parameters.as_of_date
  from numbered
  cross join parameters
  where numbered.effective_from <= parameters.as_of_date
),

spans as (
  select
    *,
    min(effective_from) over (partition by billing_instance, subscription_id, sku, island) as agreed_from,
    -- open ends sort last
    first_value(effective_to) over (
      partition by billing_instance, subscription_id, sku, island
      order by case when effective_to is null then 0 else 1 end, effective_to desc
    ) as agreed_to
  from begun
),

signatures as (
  select
    subscriptions.source_instance as billing_instance,
    subscriptions.subscription_id,
    max(versions.signed_at) as signed_at
  from {{ ref('subscription') }} as subscriptions
  inner join {{ ref('contract_version') }} as versions
    on
      versions.source_instance = subscriptions.crm_instance
      and versions.contract_id = subscriptions.contract_id
      and versions.is_in_force
  group by subscriptions.source_instance, subscriptions.subscription_id
),

live as (
  select
    spans.billing_instance,
    spans.subscription_id,
    spans.sku,
    true as is_live,
    count(*) as agreed_rows,
    case when count(*) = count(spans.quantity) then cast(sum(spans.quantity) as decimal(38, 9)) end as quantity,
    min(spans.agreed_from) as agreed_from,
    min(spans.effective_from) as row_from,
    case when count(*) = count(spans.agreed_to) then max(spans.agreed_to) end as agreed_to,
    min(spans.terms_id) as terms_id,
    {{ joined_text('spans.terms_id') }} as terms_ids,
    max(spans.basis) as basis,
    max(cast(spans.effective_from as timestamp)) as effective_at,
    min(spans.scheme) as scheme
  from spans
  where spans.effective_to is null or spans.effective_to > spans.as_of_date
  group by spans.billing_instance, spans.subscription_id, spans.sku
),

ended as (
  select
    spans.billing_instance,
    spans.subscription_id,
    spans.sku,
    max(spans.effective_to) as agreed_to
  from spans
  left join live
    on
      live.billing_instance = spans.billing_instance
      and live.subscription_id = spans.subscription_id
      and live.sku = spans.sku
  where live.sku is null
  group by spans.billing_instance, spans.subscription_id, spans.sku
)

select
  live.billing_instance,
  live.subscription_id,
  live.sku,
  live.is_live,
  live.agreed_rows,
  live.quantity,
  live.agreed_from,
  live.row_from,
  live.agreed_to,
  live.terms_id,
  live.terms_ids,
  live.basis,
  live.scheme,
  greatest(live.effective_at, coalesce(signatures.signed_at, live.effective_at)) as changed_at
from live
left join signatures
  on signatures.billing_instance = live.billing_instance and signatures.subscription_id = live.subscription_id

union all

select
  ended.billing_instance,
  ended.subscription_id,
  ended.sku,
  false as is_live,
  0 as agreed_rows,
  cast(null as decimal(38, 9)) as quantity,
  cast(null as date) as agreed_from,
  cast(null as date) as row_from,
  ended.agreed_to,
  cast(null as {{ dbt.type_string() }}) as terms_id,
  cast(null as {{ dbt.type_string() }}) as terms_ids,
  cast(null as {{ dbt.type_string() }}) as basis,
  cast(null as {{ dbt.type_string() }}) as scheme,
  greatest(
    cast(ended.agreed_to as timestamp), coalesce(signatures.signed_at, cast(ended.agreed_to as timestamp))
  ) as changed_at
from ended
left join signatures
  on signatures.billing_instance = ended.billing_instance and signatures.subscription_id = ended.subscription_id
