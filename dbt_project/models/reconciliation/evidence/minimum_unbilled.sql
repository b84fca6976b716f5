-- One row per usage product and ended service month whose minimum is on no invoice though the subscription was billed
-- for something of that month: nothing was used, so no line of usage could show what is missing. Where nothing at all
-- was billed the interval or month itself is missing (R13); of months from before the first delivered line nothing is
-- known.
with lines as (
  select * from {{ ref('billed_line') }} where is_counted
),

terms as (
  select * from {{ ref('usage_terms') }} where minimum_amount_minor > 0 and untestable_reason is null
),

subscriptions as (
  select
    *,
    {{ subscription_end() }} as ends_on
  from {{ ref('subscription') }}
),

horizon as (
  select billing_instance, min(service_month) as first_month
  from lines
  where kind in ('usage', 'minimum')
  group by billing_instance
),

used as (
  select distinct billing_instance, subscription_id, sku, service_month
  from {{ ref('metered_month') }}
  where quantity <> 0
),

billed as (
  select distinct
    terms.billing_instance,
    terms.subscription_id,
    terms.sku,
    terms.service_month,
    max(case when lines.sku = terms.sku and lines.kind in ('usage', 'minimum') then 1 else 0 end) over (
      partition by terms.billing_instance, terms.subscription_id, terms.sku, terms.service_month
    ) as has_own_line
  from terms
  inner join lines
    on
      lines.billing_instance = terms.billing_instance
      and lines.subscription_id = terms.subscription_id
      and lines.kind in ('recurring', 'usage', 'minimum')
      and lines.service_start < {{ add_months('terms.service_month', 1) }}
      and lines.service_end > terms.service_month
)

select
  terms.billing_instance,
  terms.subscription_id,
  terms.sku,
  terms.service_month,
  terms.minimum_amount_minor
from terms
cross join {{ source('config', 'parameters') }} as parameters
inner join billed
  on
    billed.billing_instance = terms.billing_instance
    and billed.subscription_id = terms.subscription_id
    and billed.sku = terms.sku
    and billed.service_month = terms.service_month
    and billed.has_own_line = 0
inner join subscriptions
  on
    subscriptions.source_instance = terms.billing_instance
    and subscriptions.subscription_id = terms.subscription_id
    and (subscriptions.ends_on is null or terms.service_month < subscriptions.ends_on)
inner join horizon
  on horizon.billing_instance = terms.billing_instance and terms.service_month >= horizon.first_month
left join used
  on
    used.billing_instance = terms.billing_instance
    and used.subscription_id = terms.subscription_id
    and used.sku = terms.sku
    and used.service_month = terms.service_month
where
  used.billing_instance is null
  and cast({{ add_months('terms.service_month', 1) }} as timestamp) <= parameters.as_of
