-- One row per interval of `billing_interval` without a live invoice: what should it have billed at contract terms, and
-- which coded reason, if any, explains that nothing was billed?
with intervals as (
  select *, billing_instance || '|' || subscription_id || '|' || interval_start as interval_key
  from {{ ref('billing_interval') }}
),

lines as (
  select * from {{ ref('billed_line') }} where is_counted
),

-- the regular line of an interval holds its first day in force; a change within it leaves the interval unbilled
invoiced as (
  select distinct intervals.interval_key
  from intervals
  inner join lines
    on lines.billing_instance = intervals.billing_instance and lines.subscription_id = intervals.subscription_id
  where
    case intervals.kind
      when 'recurring'
        then
          lines.kind = 'recurring'
          and lines.amount_minor >= 0
          and lines.quantity >= 0
          and lines.service_start <= intervals.covered_from
          and lines.service_end > intervals.covered_from
      else lines.kind in ('usage', 'minimum') and lines.service_month = intervals.interval_start
    end
),

gaps as (
  select intervals.*
  from intervals
  left join invoiced on invoiced.interval_key = intervals.interval_key
  where invoiced.interval_key is null
),

terms as (
  select terms.*, skus.kind
  from {{ ref('terms') }} as terms
  inner join {{ ref('sku') }} as skus on skus.source_instance = terms.billing_instance and skus.sku = terms.sku
),

metered as (
  select billing_instance, subscription_id, sku, service_month, sum(quantity) as quantity
  from {{ ref('metered_month') }}
  group by billing_instance, subscription_id, sku, service_month
),

with_product as (
  select distinct source_instance from {{ source('config', 'instance_links') }} where domain = 'product'
),

drawdowns as (
  select
    source_instance, subscription_id, sku, {{ month_start('drawn_at') }} as service_month, sum(quantity) as quantity
  from {{ ref('prepaid_drawdown') }}
  group by source_instance, subscription_id, sku, {{ month_start('drawn_at') }}
),

priced as (
  select
    gaps.interval_key,
    terms.*,
    gaps.interval_key || '|' || terms.sku || '|' || terms.terms_id as rate_id,
    case gaps.kind when 'usage' then metered.quantity else terms.quantity end as due_quantity,
    case gaps.kind when 'usage' then drawdowns.quantity end as drawn_quantity,
    case
      when gaps.kind = 'recurring'
        then
          {{ days_between(
            'greatest(terms.effective_from, gaps.interval_start)',
            'least(coalesce(terms.effective_to, gaps.interval_end), gaps.interval_end)'
          ) }}
    end as active_days,
    case when gaps.kind = 'recurring' then {{ days_between('gaps.interval_start', 'gaps.interval_end') }} end
      as interval_days,
    greatest(terms.effective_from, gaps.interval_start) as service_start,
    row_number() over (
      partition by gaps.interval_key, terms.sku, case when gaps.kind = 'recurring' then terms.terms_id end
      order by terms.effective_from, terms.terms_id
    ) as age,
    with_product.source_instance is not null as has_product
  from gaps
  inner join terms
    on
      terms.billing_instance = gaps.billing_instance
      and terms.subscription_id = gaps.subscription_id
      and terms.kind = gaps.kind
      and (terms.effective_to is null or terms.effective_to > gaps.interval_start)
      and terms.effective_from < gaps.interval_end
      and (gaps.kind = 'usage' or terms.effective_from <= gaps.covered_from)
  left join metered
    on
      metered.billing_instance = gaps.billing_instance
      and metered.subscription_id = gaps.subscription_id
      and metered.sku = terms.sku
      and metered.service_month = gaps.interval_start
  left join drawdowns
    on
      drawdowns.source_instance = gaps.billing_instance
      and drawdowns.subscription_id = gaps.subscription_id
      and drawdowns.sku = terms.sku
      and drawdowns.service_month = gaps.interval_start
  left join with_product on with_product.source_instance = gaps.billing_instance
),

requests as (
  select
    rate_id,
    billing_instance,
    price_id,
    scheme,
    unit_amount,
    package_size,
    cast(greatest(coalesce(due_quantity, 0), 0) as decimal(38, 9)) as quantity,
    case when kind = 'usage' then included_quantity else 0 end as included_quantity,
    {{ discount_in_force('discount_percent', 'discount_until', 'service_start') }} as discount_percent,
    active_days,
    interval_days,
    exponent
  from priced
  where age = 1 and untestable_reason is null
),

rated as (
  {{ rate('requests') }}
),

amounts as (
  select
    priced.interval_key,
    count(*) filter (where rated.rated_minor is null) as unrated,
    count(*) filter (where not priced.has_product and priced.kind = 'usage') as unmeasured,
    min(priced.untestable_reason) as untestable_reason,
    cast(sum(
      rated.rated_minor
      + case
        when priced.kind = 'usage' then {{ minimum_top_up('priced.minimum_amount_minor', 'rated.rated_minor') }} else 0
      end
    ) as bigint) as expected_minor,
    -- units bought before are drawn, not billed
    cast(coalesce(sum(rated.rated_minor) filter (
      where priced.drawn_quantity >= coalesce(priced.due_quantity, 0) and priced.due_quantity > 0
    ), 0) as bigint) as prepaid_minor,
    {{ joined_text('priced.sku') }} as skus
  from priced
  left join rated on rated.rate_id = priced.rate_id
  where priced.age = 1
  group by priced.interval_key
),

trials as (
  select
    source_instance,
    subscription_id,
    max(case when valid_to is null then 1 else 0 end) as is_trialing,
    max(valid_to) as trial_until
  from {{ ref('subscription_version') }}
  where status = 'trialing'
  group by source_instance, subscription_id
),

-- nothing that was agreed could be used: the subscription was paused
pauses as (
  select gaps.interval_key
  from gaps
  inner join {{ ref('entitlement') }} as entitlements
    on
      entitlements.billing_instance = gaps.billing_instance
      and entitlements.subscription_id = gaps.subscription_id
      and entitlements.effective_from <= gaps.covered_from
      and (entitlements.effective_to is null or entitlements.effective_to > gaps.covered_from)
  where gaps.status <> 'past_due'
  group by gaps.interval_key
  having
    count(*) = count(*) filter (
      where entitlements.status = 'suspended' and {{ utc_date('entitlements.updated_at') }} <= gaps.covered_from
    )
),

held as (
  select
    gaps.interval_key,
    min(
      'invoice '
      || coalesce(invoice_lines.invoice_number, invoice_lines.invoice_id)
      || ' for it is '
      || invoice_lines.invoice_status
    ) as held_words
  from gaps
  inner join {{ ref('invoice_line') }} as invoice_lines
    on
      invoice_lines.source_instance = gaps.billing_instance
      and invoice_lines.subscription_id = gaps.subscription_id
      and invoice_lines.service_start <= gaps.covered_from
      and invoice_lines.service_end > gaps.covered_from
      and invoice_lines.invoice_status in ('draft', 'void')
  group by gaps.interval_key
),

rejected as (
  select gaps.interval_key, min(rejected_lines.reason) as reason
  from gaps
  inner join {{ ref('billed_not_testable') }} as rejected_lines
    on
      rejected_lines.billing_instance = gaps.billing_instance
      and coalesce(rejected_lines.subscription_id, gaps.subscription_id) = gaps.subscription_id
      and (
        rejected_lines.service_month is null
        or (
          rejected_lines.service_month < gaps.interval_end
          and rejected_lines.service_month >= {{ month_start('gaps.interval_start') }}
        )
      )
  group by gaps.interval_key
)

select
  gaps.billing_instance,
  gaps.subscription_id,
  gaps.interval_start,
  gaps.kind,
  amounts.expected_minor,
  amounts.skus,
  held.held_words,
  case
    when trials.is_trialing = 1 or {{ utc_date('trials.trial_until') }} > gaps.covered_from then 'trial'
    when pauses.interval_key is not null then 'pause'
    when amounts.unrated = 0 and amounts.unmeasured = 0 and amounts.expected_minor = 0 then 'zero-priced or free'
    when amounts.unrated = 0 and amounts.expected_minor = amounts.prepaid_minor and amounts.prepaid_minor > 0
      then 'prepaid'
  end as coded_reason,
  case
    when rejected.reason is not null then rejected.reason
    when gaps.status in ('cancelled', 'expired') and gaps.ends_on is null
      then 'subscription ' || gaps.subscription_id || ' is ' || gaps.status || ', and no date says since when'
    when amounts.untestable_reason is not null then amounts.untestable_reason
    when amounts.unmeasured > 0 and coalesce(amounts.expected_minor, 0) = 0
      then 'no product system is connected, so nobody knows whether there was anything to bill'
    when coalesce(amounts.unrated, 1) > 0
      then 'the price of ' || coalesce(amounts.skus, 'its products') || ' cannot be rated'
  end as untestable_reason
from gaps
left join amounts on amounts.interval_key = gaps.interval_key
left join trials on trials.source_instance = gaps.billing_instance and trials.subscription_id = gaps.subscription_id
left join pauses on pauses.interval_key = gaps.interval_key
left join held on held.interval_key = gaps.interval_key
left join rejected on rejected.interval_key = gaps.interval_key
