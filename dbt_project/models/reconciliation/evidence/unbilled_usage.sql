-- One row per accounting period and usage cell (subscription, product, ended service month) that no invoice held on the
-- period's last day: what is it worth at contract terms, minimum included?
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

terms as (
  select * from {{ ref('usage_terms') }}
),

subscriptions as (
  select
    *,
    {{ subscription_end() }} as ends_on
  from {{ ref('subscription') }}
),

metered as (
  select
    billing_instance,
    subscription_id,
    coalesce(sku, 'meter ' || meter_code) as sku,
    service_month,
    cast(sum(quantity) as decimal(38, 9)) as quantity
  from {{ ref('metered_month') }}
  where billing_instance is not null
  group by billing_instance, subscription_id, coalesce(sku, 'meter ' || meter_code), service_month
),

voids as (
  select source_instance, invoice_id, min(valid_from) as voided_at
  from {{ ref('invoice_version') }}
  where status = 'void'
  group by source_instance, invoice_id
),

usage_lines as (
  select
    lines.source_instance as billing_instance,
    lines.subscription_id,
    lines.sku,
    {{ month_start('lines.service_start') }} as service_month,
    lines.issue_date,
    case when lines.invoice_status = 'void' then {{ utc_date('coalesce(voids.voided_at, lines.finalized_at)') }} end
      as void_date
  from {{ ref('invoice_line') }} as lines
  left join voids on voids.source_instance = lines.source_instance and voids.invoice_id = lines.invoice_id
  where lines.kind in ('usage', 'minimum') and lines.invoice_status <> 'draft' and lines.finalized_at is not null
),

billed as (
  select
    billing_instance,
    subscription_id,
    sku,
    service_month,
    min(issue_date) filter (where void_date is null) as billed_date,
    min(issue_date) filter (where void_date is not null) as void_from,
    max(void_date) as void_to
  from usage_lines
  group by billing_instance, subscription_id, sku, service_month
),

-- months from before the first delivered usage line were billed by invoices that are not in the data
horizon as (
  select billing_instance, min(service_month) as first_month from usage_lines group by billing_instance
),

keys as (
  select billing_instance, subscription_id, sku, service_month from metered
  union
  select billing_instance, subscription_id, sku, service_month from terms where minimum_amount_minor > 0
),

legal_entities as (
  select source_instance, legal_entity_code from {{ ref('legal_entity') }}
),

cells as (
  select
    keys.billing_instance as source_instance,
    keys.*,
    keys.billing_instance
    || '|'
    || keys.subscription_id
    || '|'
    || keys.sku
    || '|'
    || keys.service_month as cell_id,
    {{ add_months('keys.service_month', 1) }} as month_end,
    coalesce(metered.quantity, 0) as quantity,
    subscriptions.legal_entity_code,
    coalesce(terms.currency_code, subscriptions.currency_code) as currency_code,
    subscriptions.customer_id,
    billed.billed_date,
    billed.void_from,
    billed.void_to,
    terms.terms_id,
    terms.price_id,
    terms.scheme,
    terms.unit_amount,
    terms.package_size,
    terms.included_quantity,
    terms.discount_percent,
    terms.minimum_amount_minor,
    terms.exponent,
    terms.untestable_reason
  from keys
  inner join subscriptions
    on subscriptions.source_instance = keys.billing_instance and subscriptions.subscription_id = keys.subscription_id
  inner join horizon on horizon.billing_instance = keys.billing_instance and keys.service_month >= horizon.first_month
  left join metered
    on
      metered.billing_instance = keys.billing_instance
      and metered.subscription_id = keys.subscription_id
      and metered.sku = keys.sku
      and metered.service_month = keys.service_month
  left join terms
    on
      terms.billing_instance = keys.billing_instance
      and terms.subscription_id = keys.subscription_id
      and terms.sku = keys.sku
      and terms.service_month = keys.service_month
  left join billed
    on
      billed.billing_instance = keys.billing_instance
      and billed.subscription_id = keys.subscription_id
      and billed.sku = keys.sku
      and billed.service_month = keys.service_month
  where metered.quantity is not null or subscriptions.ends_on is null or subscriptions.ends_on > keys.service_month
),

located as (
  {{ resolve_instance('cells', 'legal_entity_code', 'erp', 'legal_entities', 'legal_entity_code') }}
),

periods as (
  select calendar.*
  from {{ ref('accounting_period') }} as calendar
  cross join parameters
  where calendar.start_date <= parameters.as_of
),

unbilled as (
  select
    located.*,
    periods.source_instance as erp_source_instance,
    periods.period
  from located
  inner join periods
    on
      periods.source_instance = located.erp_instance
      and periods.legal_entity_code = located.legal_entity_code
      and periods.end_date >= {{ add_days('located.month_end', -1) }}
      and (located.billed_date is null or located.billed_date > periods.end_date)
  where
    located.void_from is null
    or located.void_from > periods.end_date
    or located.void_to <= periods.end_date
),

requests as (
  select distinct
    cell_id as rate_id,
    billing_instance,
    price_id,
    scheme,
    unit_amount,
    package_size,
    cast(greatest(quantity, 0) as decimal(38, 9)) as quantity,
    included_quantity,
    discount_percent,
    cast(null as bigint) as active_days,
    cast(null as bigint) as interval_days,
    exponent
  from unbilled
  where terms_id is not null and untestable_reason is null
),

rated as (
  {{ rate('requests') }}
)

select
  unbilled.erp_source_instance as erp_instance,
  unbilled.legal_entity_code,
  unbilled.currency_code,
  unbilled.period,
  unbilled.billing_instance,
  unbilled.subscription_id,
  unbilled.sku,
  unbilled.service_month,
  unbilled.quantity,
  rated.rated_minor + {{ minimum_top_up('unbilled.minimum_amount_minor', 'rated.rated_minor') }} as value_minor,
  case
    when unbilled.quantity = 0 and coalesce(unbilled.minimum_amount_minor, 0) = 0 then null
    when unbilled.terms_id is null
      then
        'no terms for ' || unbilled.sku || ' of subscription ' || unbilled.subscription_id || ' are in force in '
        || {{ month_key('unbilled.service_month') }}
    when unbilled.untestable_reason is not null then unbilled.untestable_reason
    when rated.rated_minor is null
      then
        'the price '
        || unbilled.price_id
        || ' cannot be rated: a tier or unit price is missing, or the amount is too large'
  end as untestable_reason
from unbilled
left join rated on rated.rate_id = unbilled.cell_id
