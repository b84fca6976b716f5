-- One row per subscription, product and service month: was the quantity that metering handed over billed, once? Money
-- is the effect at contract terms, allowance and minimum included. A month without usage of which the minimum is owed
-- and not billed breaks too: zero is then not zero.
with minimums as (
  select * from {{ ref('minimum_unbilled') }}
),

metered_months as (
  select billing_instance, source_instance, subscription_id, sku, meter_code, service_month, quantity, first_record_id
  from {{ ref('metered_month') }}
  union all
  select
    billing_instance, billing_instance as source_instance, subscription_id, sku,
    cast(null as {{ dbt.type_string() }}) as meter_code, service_month, 0 as quantity,
    cast(null as {{ dbt.type_string() }}) as first_record_id
  from minimums
),

lines as (
  select * from {{ ref('billed_line') }} where kind = 'usage' and is_counted
),

minimum_lines as (
  select distinct billing_instance, subscription_id, sku, service_month
  from {{ ref('billed_line') }}
  where kind = 'minimum' and is_counted
),

subscriptions as (
  select * from {{ ref('subscription') }}
),

terms as (
  select * from {{ ref('usage_terms') }}
),

parameters as (
  select * from {{ source('config', 'parameters') }}
),

metered_products as (
  select distinct source_instance, meter_code, sku from {{ ref('meter') }}
),

rejected_usage as (
  select
    links.linked_instance as billing_instance,
    rejected.subscription_id,
    meters.sku,
    rejected.service_month,
    rejected.reason
  from {{ ref('usage_not_testable') }} as rejected
  inner join {{ source('config', 'instance_links') }} as links
    on links.source_instance = rejected.product_instance and links.domain = 'billing'
  left join metered_products as meters
    on meters.source_instance = rejected.product_instance and meters.meter_code = rejected.meter_code
  where rejected.is_metered
),

rejected as (
  select billing_instance, subscription_id, sku, service_month, reason from rejected_usage
  union all
  select billing_instance, subscription_id, sku, service_month, reason from {{ ref('billed_not_testable') }}
),

metered as (
  select
    coalesce(billing_instance, source_instance) as instance,
    billing_instance,
    subscription_id,
    coalesce(sku, 'meter ' || meter_code) as sku,
    service_month,
    sum(quantity) as quantity,
    min(
      case
        when sku is null then 'meter ' || meter_code || ' is not in force in this month, so its product is unknown'
      end
    )
      as unknown_meter,
    min(first_record_id) as first_record_id,
    count(*) as meter_count
  from metered_months
  group by
    coalesce(billing_instance, source_instance),
    billing_instance,
    subscription_id,
    coalesce(sku, 'meter ' || meter_code),
    service_month
),

billed as (
  select
    billing_instance,
    subscription_id,
    sku,
    service_month,
    cast(sum(quantity) as decimal(38, 9)) as quantity,
    count(*) as line_count,
    min(line_id) as first_line_id,
    {{ joined_text('line_id') }} as line_ids
  from lines
  group by billing_instance, subscription_id, sku, service_month
),

paired as (
  select
    coalesce(metered.instance, billed.billing_instance) as instance,
    case when metered.instance is null then billed.billing_instance else metered.billing_instance end
      as billing_instance,
    coalesce(metered.subscription_id, billed.subscription_id) as subscription_id,
    coalesce(metered.sku, billed.sku) as sku,
    coalesce(metered.service_month, billed.service_month) as service_month,
    coalesce(metered.quantity, 0) as metered_quantity,
    coalesce(billed.quantity, 0) as billed_quantity,
    metered.first_record_id,
    metered.unknown_meter,
    billed.line_ids,
    billed.first_line_id
  from metered
  full outer join billed
    on
      billed.billing_instance = metered.billing_instance
      and billed.subscription_id = metered.subscription_id
      and billed.sku = metered.sku
      and billed.service_month = metered.service_month
),

cells as (
  select
    paired.*,
    paired.instance || '|' || paired.subscription_id || '|' || paired.sku || '|' || paired.service_month as cell_id,
    subscriptions.legal_entity_code,
    subscriptions.customer_id,
    subscriptions.currency_code,
    minimum_lines.subscription_id is not null as has_minimum_line,
    terms.price_id,
    terms.scheme,
    terms.unit_amount,
    terms.package_size,
    terms.included_quantity,
    terms.discount_percent,
    terms.minimum_amount_minor,
    terms.exponent,
    terms.terms_id is not null and terms.untestable_reason is null as has_terms
  from paired
  left join subscriptions
    on
      subscriptions.source_instance = paired.billing_instance and subscriptions.subscription_id = paired.subscription_id
  left join minimum_lines
    on
      minimum_lines.billing_instance = paired.billing_instance
      and minimum_lines.subscription_id = paired.subscription_id
      and minimum_lines.sku = paired.sku
      and minimum_lines.service_month = paired.service_month
  left join terms
    on
      terms.billing_instance = paired.billing_instance
      and terms.subscription_id = paired.subscription_id
      and terms.sku = paired.sku
      and terms.service_month = paired.service_month
),

requests as (
  {%- for side in ['metered', 'billed'] %}
  select
    '{{ side }}|' || cell_id as rate_id,
    billing_instance,
    price_id,
    scheme,
    unit_amount,
    package_size,
    cast(greatest({{ side }}_quantity, 0) as decimal(38, 9)) as quantity,
    included_quantity,
    discount_percent,
    cast(null as bigint) as active_days,
    cast(null as bigint) as interval_days,
    exponent
  from cells
  where metered_quantity <> billed_quantity and has_terms
  {{ 'union all' if not loop.last }}
  {%- endfor %}
),

rated as (
  {{ rate('requests') }}
),

-- nothing billed is nothing earned, not even the minimum: the whole month is missing
effects as (
  select
    cells.cell_id,
    due.rated_minor + {{ minimum_top_up('cells.minimum_amount_minor', 'due.rated_minor') }}
    - case
      when cells.first_line_id is null and not cells.has_minimum_line then 0
      else invoiced.rated_minor + {{ minimum_top_up('cells.minimum_amount_minor', 'invoiced.rated_minor') }}
    end as effect_minor
  from cells
  inner join rated as due on due.rate_id = 'metered|' || cells.cell_id
  inner join rated as invoiced on invoiced.rate_id = 'billed|' || cells.cell_id
),

blocked as (
  select cells.cell_id, min(rejected.reason) as reason
  from cells
  inner join rejected
    on
      rejected.billing_instance = cells.billing_instance
      and coalesce(rejected.subscription_id, cells.subscription_id) = cells.subscription_id
      and coalesce(rejected.sku, cells.sku) = cells.sku
      and coalesce(rejected.service_month, cells.service_month) = cells.service_month
  group by cells.cell_id
),

described as (
  select
    cells.*,
    minimums.minimum_amount_minor as unbilled_minimum_minor,
    case
      when cells.metered_quantity = cells.billed_quantity then coalesce(minimums.minimum_amount_minor, 0)
      else effects.effect_minor
    end as effect_minor,
    case
      when cells.billing_instance is null
        then
          'subscription '
          || cells.subscription_id
          || ' cannot be found in exactly one linked billing instance (see R20)'
      else coalesce(cells.unknown_meter, blocked.reason)
    end as untestable,
    cast(
      {{ add_days(
        add_months('cells.service_month', 1), 'parameters.usage_grace_days + parameters.bill_run_days'
      ) }} as timestamp
    ) as due_at,
    parameters.as_of,
    case
      when minimums.subscription_id is not null
        then
          ' The minimum of ' || {{ money_words('minimums.minimum_amount_minor', 'cells.currency_code') }}
          || ' is owed for a month without usage too, and is on no invoice.'
      when effects.effect_minor is null
        then ' The effect in money is unknown: no terms that can be rated are in force for this product and month.'
      else ' At contract terms that is ' || {{ money_words('effects.effect_minor', 'cells.currency_code') }} || '.'
    end as effect_words
  from cells
  cross join parameters
  left join effects on effects.cell_id = cells.cell_id
  left join minimums
    on
      minimums.billing_instance = cells.billing_instance
      and minimums.subscription_id = cells.subscription_id
      and minimums.sku = cells.sku
      and minimums.service_month = cells.service_month
  left join blocked on blocked.cell_id = cells.cell_id
),

compared as (
  select
    instance as source_instance,
    subscription_id || '|' || sku || '|' || service_month as match_key,
    legal_entity_code,
    customer_id,
    currency_code,
    {{ month_end('service_month') }} as filed_on,
    metered_quantity as left_value,
    billed_quantity as right_value,
    effect_minor as delta_minor,
    metered_quantity - billed_quantity as delta_quantity,
    unbilled_minimum_minor is not null as has_fault,
    -- before it is due a month is only not billed yet
    case
      when metered_quantity = billed_quantity and unbilled_minimum_minor is null then null
      when first_line_id is null or due_at > as_of then 'B03'
      else 'B04'
    end as cause_code,
    'business_rule' as failure_class,
    'Metering handed over ' || {{ quantity_words('metered_quantity') }} || ' of ' || sku || ' for subscription '
    || subscription_id || ' in ' || {{ month_key('service_month') }} || '; '
    || case
      when first_line_id is null then 'no live invoice bills any of it.'
      else
        {{ listed('line_ids', 'invoice line') }} || {{ by_number('line_ids', ' bills ', ' bill ') }}
        || {{ quantity_words('billed_quantity') }} || '.'
    end || effect_words as reason,
    'Not tested: ' || untestable as not_testable_reason,
    'metered_usage:' || first_record_id as left_ref,
    'invoice_line:' || line_ids as right_ref,
    due_at
  from described
)

{{ reconcile(
  'compared', code='R05', tolerance='T0', measure='quantity', provisional=true, by_date=true,
  domains=['product', 'billing']
) }}
