-- One row per step of usage to invoice, for each subscription, product and service month (the key of R05): used,
-- metered, billed. Metering and billing may take until the bill run has ended. A table of its own: where
-- events bring no other rows, what unites it with the rest stands.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

subscriptions as (
  select * from {{ ref('subscription') }}
),

used as (
  select
    billing_instance, subscription_id, sku, service_month,
    max(last_occurred_at) as occurred_at
  from {{ ref('usage_month') }}
  where billing_instance is not null and sku is not null and valid_count > 0
  group by billing_instance, subscription_id, sku, service_month
),

metered as (
  select
    billing_instance, subscription_id, sku, service_month,
    min(first_record_id) as record_id, max(computed_at) as occurred_at
  from {{ ref('metered_month') }}
  where billing_instance is not null and sku is not null
  group by billing_instance, subscription_id, sku, service_month
),

billed as (
  select
    billing_instance, subscription_id, sku, service_month,
    min(line_id) as line_id, min(finalized_at) as occurred_at, sum(amount_minor) as amount_minor
  from {{ ref('billed_line') }}
  where kind = 'usage' and is_counted
  group by billing_instance, subscription_id, sku, service_month
),

compared as (
  select * from {{ ref('r05_metered_to_billed_quantity') }}
),

months as (
  select billing_instance, subscription_id, sku, service_month from used
  union
  select billing_instance, subscription_id, sku, service_month from metered
  union
  select billing_instance, subscription_id, sku, service_month from billed
),

joined as (
  select
    months.billing_instance as source_instance,
    months.subscription_id || '|' || months.sku || '|' || cast(months.service_month as {{ dbt.type_string() }})
      as business_transaction_id,
    {{ month_key('months.service_month') }} as period,
    cast({{ add_months('months.service_month', 1) }} as timestamp) as month_end,
    cast(
      {{ add_days(add_months('months.service_month', 1), 'parameters.usage_grace_days + parameters.bill_run_days') }}
      as timestamp
    ) as due_at,
    used.occurred_at as used_at,
    metered.record_id,
    metered.occurred_at as metered_at,
    billed.line_id,
    billed.occurred_at as billed_at,
    billed.amount_minor,
    subscriptions.currency_code,
    subscriptions.legal_entity_code,
    subscriptions.customer_id
  from months
  cross join parameters
  left join used
    on
      used.billing_instance = months.billing_instance
      and used.subscription_id = months.subscription_id
      and used.sku = months.sku
      and used.service_month = months.service_month
  left join metered
    on
      metered.billing_instance = months.billing_instance
      and metered.subscription_id = months.subscription_id
      and metered.sku = months.sku
      and metered.service_month = months.service_month
  left join billed
    on
      billed.billing_instance = months.billing_instance
      and billed.subscription_id = months.subscription_id
      and billed.sku = months.sku
      and billed.service_month = months.service_month
  left join subscriptions
    on
      subscriptions.source_instance = months.billing_instance
      and subscriptions.subscription_id = months.subscription_id
),

-- what is not billed is at stake at contract terms
valued as (
  select
    joined.*,
    coalesce(joined.amount_minor, case when compared.status in ('break', 'timing') then compared.delta_minor end)
      as effect_minor,
    compared.reason
  from joined
  left join compared
    on
      compared.source_instance = joined.source_instance
      and compared.match_key = joined.business_transaction_id
)

{% for number, step, system, document, at, failure, owner in [
  (1, 'used', 'product', "cast(null as string)", 'used_at', "cast(null as string)", 'ProductData'),
  (2, 'metered', 'product', "'metered_usage:' || record_id", 'metered_at',
   "case when metered_at is null then 'nothing was metered for the month' end", 'ProductData'),
  (3, 'billed', 'billing', "'invoice_line:' || line_id", 'billed_at',
   "case when billed_at is null then coalesce(reason, 'no live invoice bills it') end", 'BillingOps'),
] %}
select
  'usage_to_invoice' as workflow,
  business_transaction_id,
  source_instance,
  cast(null as {{ dbt.type_string() }}) as correlation_id,
  {{ number }} as step_number,
  '{{ step }}' as step,
  '{{ system }}' as system,
  {{ document }} as document,
  month_end as started_at,
  cast({{ at }} as timestamp) as occurred_at,
  {{ 'metered_at is null' if step == 'used' else 'true' }} as is_time_known,
  due_at,
  {{ at }} is not null as is_there,
  true as is_needed,
  {{ failure }} as failure,
  cast(null as {{ dbt.type_string() }}) as failure_class,
  cast(effect_minor as bigint) as effect_minor,
  currency_code,
  legal_entity_code,
  customer_id,
  period,
  '{{ owner }}' as owner_role
from valued
{{ "where used_at is not null" if step == 'used' }}
{{ 'union all' if not loop.last }}
{% endfor %}
