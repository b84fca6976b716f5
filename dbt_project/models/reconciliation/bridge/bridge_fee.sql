-- One row per fee that the terms in force expect: each recurring interval, or the part of it that one set of terms
-- covers, and each one-time fee. Fees enter once their service period has begun.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

terms as (
  select * from {{ ref('terms') }} where untestable_reason is null
),

skus as (
  select source_instance, sku, kind from {{ ref('sku') }} where kind in ('recurring', 'one_time')
),

digits as (
  {%- for digit in range(10) %}
  select {{ digit }} as digit{{ ' union all' if not loop.last }}
  {%- endfor %}
),

-- up to 1,000 intervals: 83 years of months
intervals as (
  select hundreds.digit * 100 + tens.digit * 10 + units.digit as interval_number
  from digits as hundreds
  cross join digits as tens
  cross join digits as units
),

recurring as (
  select
    terms.*,
    {{ add_months('terms.start_date', 'intervals.interval_number * terms.interval_months') }} as interval_start,
    {{ add_months('terms.start_date', '(intervals.interval_number + 1) * terms.interval_months') }} as interval_end,
    parameters.as_of
  from terms
  inner join skus on skus.source_instance = terms.billing_instance and skus.sku = terms.sku and skus.kind = 'recurring'
  cross join parameters
  inner join intervals
    on intervals.interval_number * terms.interval_months <= {{ months_apart('terms.start_date', 'parameters.as_of') }}
  where terms.quantity is not null or terms.scheme = 'flat'
),

segments as (
  select
    recurring.*,
    greatest(recurring.interval_start, recurring.effective_from) as segment_start,
    least(recurring.interval_end, coalesce(recurring.effective_to, recurring.interval_end)) as segment_end
  from recurring
),

fees as (
  select
    'recurring' as kind,
    billing_instance,
    legal_entity_code,
    customer_id,
    subscription_id,
    sku,
    interval_start as service_period_start,
    segment_start,
    currency_code,
    terms_id,
    price_id,
    scheme,
    unit_amount,
    package_size,
    quantity,
    {{ discount_in_force('discount_percent', 'discount_until', 'segment_start') }} as discount_percent,
    {{ days_between('segment_start', 'segment_end') }} as active_days,
    {{ days_between('interval_start', 'interval_end') }} as interval_days,
    exponent
  from segments
  where segment_start < segment_end and cast(segment_start as timestamp) <= as_of

  union all

  select
    'one_time' as kind,
    terms.billing_instance,
    terms.legal_entity_code,
    terms.customer_id,
    terms.subscription_id,
    terms.sku,
    terms.effective_from as service_period_start,
    terms.effective_from as segment_start,
    terms.currency_code,
    terms.terms_id,
    terms.price_id,
    terms.scheme,
    terms.unit_amount,
    terms.package_size,
    coalesce(terms.quantity, 1) as quantity,
    {{ discount_in_force('terms.discount_percent', 'terms.discount_until', 'terms.effective_from') }}
      as discount_percent,
    cast(null as bigint) as active_days,
    cast(null as bigint) as interval_days,
    terms.exponent
  from terms
  inner join skus on skus.source_instance = terms.billing_instance and skus.sku = terms.sku and skus.kind = 'one_time'
  cross join parameters
  where cast(terms.effective_from as timestamp) <= parameters.as_of
),

requests as (
  select
    billing_instance || '|' || subscription_id || '|' || terms_id || '|' || segment_start as rate_id,
    billing_instance,
    price_id,
    scheme,
    unit_amount,
    package_size,
    cast(coalesce(quantity, 0) as decimal(38, 9)) as quantity,
    cast(0 as decimal(21, 9)) as included_quantity,
    discount_percent,
    active_days,
    interval_days,
    exponent
  from fees
),

rated as (
  {{ rate('requests') }}
)

select
  fees.billing_instance,
  fees.legal_entity_code,
  fees.customer_id,
  fees.subscription_id,
  fees.sku,
  fees.service_period_start,
  fees.currency_code,
  fees.kind,
  fees.terms_id,
  rated.rated_minor as expected_minor
from fees
inner join rated
  on
    rated.rate_id
    = fees.billing_instance || '|' || fees.subscription_id || '|' || fees.terms_id || '|' || fees.segment_start
    and rated.rated_minor is not null
