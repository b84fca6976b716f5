-- One row per subscription and interval: is there exactly one invoice, or a coded reason for none? The interval is the
-- recurring one; where only usage is agreed, the service month. One invoice that holds a fee twice, not at all, or for
-- a quantity that no version of the terms states, is not the one that is due.
with intervals as (
  select * from {{ ref('billing_interval') }}
),

gaps as (
  select * from {{ ref('billing_gap') }}
),

surplus as (
  select
    billing_instance,
    subscription_id,
    interval_start,
    count(*) as invoices,
    cast(sum(amount_minor) as bigint) as amount_minor,
    min(currency_code) as currency_code,
    min(customer_id) as customer_id,
    min(legal_entity_code) as legal_entity_code,
    {{ joined_text('invoice_id') }} as invoice_ids,
    {{ joined_text("coalesce(invoice_number, invoice_id)") }} as invoice_numbers,
    {{ joined_text('repeats_invoice_id') }} as first_invoice_ids
  from {{ ref('surplus_invoice') }}
  group by billing_instance, subscription_id, interval_start
),

-- what the bridge could not explain by terms of another version: that is R09's, and mended in the subscription
misbilled as (
  select
    source_instance,
    subscription_id,
    service_period_start,
    currency_code,
    cast(sum(amount_minor) as bigint) as amount_minor,
    max(cause_code) as cause_code,
    {{ joined_text('sku') }} as skus
  from {{ ref('bridge_claim_billing') }}
  where
    leg = 'B' and cause_code in ('B03', 'B04', 'B11') and left_ref like 'terms:%' and right_ref is null
    and not coalesce(is_agreed, false)
  group by source_instance, subscription_id, service_period_start, currency_code
),

paired as (
  select
    coalesce(intervals.billing_instance, surplus.billing_instance) as billing_instance,
    coalesce(intervals.subscription_id, surplus.subscription_id) as subscription_id,
    coalesce(intervals.interval_start, surplus.interval_start) as interval_start,
    coalesce(intervals.legal_entity_code, surplus.legal_entity_code) as legal_entity_code,
    coalesce(intervals.customer_id, surplus.customer_id) as customer_id,
    coalesce(intervals.currency_code, surplus.currency_code) as currency_code,
    intervals.kind,
    intervals.due_at,
    surplus.invoices as surplus_invoices,
    surplus.amount_minor as surplus_minor,
    surplus.currency_code as surplus_currency_code,
    surplus.invoice_ids,
    surplus.invoice_numbers,
    surplus.first_invoice_ids
  from intervals
  full outer join surplus
    on
      surplus.billing_instance = intervals.billing_instance
      and surplus.subscription_id = intervals.subscription_id
      and surplus.interval_start = intervals.interval_start
),

counted as (
  select
    paired.*,
    gaps.expected_minor,
    gaps.coded_reason,
    gaps.skus,
    gaps.held_words,
    gaps.untestable_reason,
    misbilled.skus as misbilled_skus,
    misbilled.amount_minor as misbilled_minor,
    misbilled.cause_code as misbilled_cause,
    case when gaps.subscription_id is null then 1 else 0 end + coalesce(paired.surplus_invoices, 0) as found,
    case when gaps.coded_reason is null then 1 else 0 end as wanted
  from paired
  left join gaps
    on
      gaps.billing_instance = paired.billing_instance
      and gaps.subscription_id = paired.subscription_id
      and gaps.interval_start = paired.interval_start
  left join misbilled
    on
      misbilled.source_instance = paired.billing_instance
      and misbilled.subscription_id = paired.subscription_id
      and misbilled.service_period_start = paired.interval_start
      and misbilled.currency_code = paired.currency_code
      and paired.kind = 'recurring'
      and paired.surplus_invoices is null
      and gaps.subscription_id is null
),

compared as (
  select
    billing_instance as source_instance,
    subscription_id || '|' || interval_start as match_key,
    legal_entity_code,
    customer_id,
    coalesce(surplus_currency_code, currency_code) as currency_code,
    case kind when 'usage' then {{ month_end('interval_start') }} else interval_start end as filed_on,
    cast(wanted as decimal(38, 9)) as left_value,
    cast(found as decimal(38, 9)) as right_value,
    case
      when surplus_invoices > 0 then -surplus_minor when wanted > found then expected_minor
      else coalesce(misbilled_minor, 0) end
      as delta_minor,
    cast(wanted - found as decimal(38, 9)) as delta_quantity,
    misbilled_minor is not null as has_fault,
    case when surplus_invoices > 0 then 'B11' else coalesce(misbilled_cause, 'B03') end as cause_code,
    'business_rule' as failure_class,
    case
      when surplus_invoices > 0
        then
          'Subscription ' || subscription_id || ' was billed more than once for the interval from ' || interval_start
          || ': ' || {{ listed('invoice_numbers', 'invoice') }}
          || {{ by_number('invoice_numbers', ' repeats ', ' repeat ') }} || first_invoice_ids
          || {{ by_number('invoice_numbers', ' and bills ', ' and bill ') }}
          || {{ money_words('surplus_minor', 'surplus_currency_code') }} || ' a second time.'
      when misbilled_minor is not null
        then
          'Subscription '
          || subscription_id
          || ' has one invoice for the interval from '
          || interval_start
          || ', on which '
          || misbilled_skus || case misbilled_cause
            when 'B11' then ' stands twice: '
            when 'B03' then ' is not billed: '
            else ' is billed for a quantity that no version of its terms states: '
          end
          || {{ money_words('abs(misbilled_minor)', 'currency_code') }}
          || case when misbilled_minor < 0 then ' too much.' else ' too little.' end
      else
        'Subscription ' || subscription_id || ' has no live invoice for '
        || case kind when 'usage' then 'usage of the month from ' else 'the interval from ' end || interval_start
        || ' and no coded reason (trial, pause, free, prepaid): '
        || {{ money_words('expected_minor', 'currency_code') }} || ' for ' || coalesce(skus, 'its products')
        || ' are not billed' || coalesce('; ' || held_words, '') || '.'
    end as reason,
    case when untestable_reason is not null and coded_reason is null then 'Not tested: ' || untestable_reason end
      as not_testable_reason,
    'subscription:' || subscription_id as left_ref,
    case when surplus_invoices > 0 then 'invoice:' || invoice_ids end as right_ref,
    -- a surplus invoice is one too many at once; a missing one may still come
    case
      when surplus_invoices > 0 or misbilled_cause in ('B04', 'B11') then cast(null as timestamp) else due_at
    end as due_at
  from counted
)

{{ reconcile('compared', code='R13', tolerance='T0', measure='quantity', by_date=true, domains=['billing']) }}
