-- One row per subscription and interval that has begun and that must have an invoice: each recurring interval, counted
-- from the subscription's start; where only usage is agreed, each service month. Intervals from before the first
-- invoice that was delivered are left out: their invoices are not in the data, and are not missing.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

terms as (
  select * from {{ ref('terms') }}
),

skus as (
  select * from {{ ref('sku') }}
),

lines as (
  select * from {{ ref('billed_line') }}
),

subscriptions as (
  select
    *,
    {{ subscription_end() }} as ends_on
  from {{ ref('subscription') }}
),

invoices as (
  select source_instance, min(issue_date) as first_issue_date
  from {{ ref('invoice') }}
  where status <> 'draft'
  group by source_instance
),

usage_lines as (
  select billing_instance, min(service_month) as first_usage_month
  from lines
  where kind = 'usage'
  group by billing_instance
),

-- usage billed in arrears begins in another month than the fees billed beside it
horizon as (
  select
    invoices.source_instance,
    greatest(
      {{ month_start('invoices.first_issue_date') }},
      {{ add_days('invoices.first_issue_date', '-(parameters.usage_grace_days + parameters.bill_run_days)') }}
    ) as first_interval_date,
    coalesce(usage_lines.first_usage_month, {{ month_start('invoices.first_issue_date') }}) as first_usage_month
  from invoices
  cross join parameters
  left join usage_lines on usage_lines.billing_instance = invoices.source_instance
),

digits as (
  {%- for digit in range(10) %}
  select {{ digit }} as digit{{ ' union all' if not loop.last }}
  {%- endfor %}
),

-- every calendar month from the horizon on: a month that nobody billed must not be missing here too
months as (
  select
    horizon.source_instance,
    {{ add_months(
      month_start('least(horizon.first_interval_date, horizon.first_usage_month)'),
      '(hundreds.digit * 100 + tens.digit * 10 + ones.digit)'
    ) }} as month_date
  from horizon
  cross join digits as hundreds
  cross join digits as tens
  cross join digits as ones
),

begun as (
  select months.source_instance, months.month_date
  from months
  cross join parameters
  where months.month_date <= parameters.as_of
),

recurring_terms as (
  select
    terms.*,
    case
      when terms.effective_to is null then subscriptions.ends_on
      else least(terms.effective_to, coalesce(subscriptions.ends_on, terms.effective_to))
    end as last_date
  from terms
  inner join skus on skus.source_instance = terms.billing_instance and skus.sku = terms.sku and skus.kind = 'recurring'
  inner join subscriptions
    on subscriptions.source_instance = terms.billing_instance and subscriptions.subscription_id = terms.subscription_id
  where terms.interval_months is not null
),

anchored as (
  select
    recurring_terms.*,
    {{ months_apart('recurring_terms.start_date', 'begun.month_date') }} as anchor_months
  from recurring_terms
  inner join begun on begun.source_instance = recurring_terms.billing_instance
  where
    begun.month_date >= {{ month_start('recurring_terms.start_date') }}
    and {{ months_apart('recurring_terms.start_date', 'begun.month_date') }} % recurring_terms.interval_months = 0
),

dated as (
  select
    *,
    {{ add_months('start_date', 'anchor_months') }} as interval_start,
    {{ add_months('start_date', '(anchor_months + interval_months)') }} as interval_end
  from anchored
),

recurring_intervals as (
  select
    billing_instance,
    subscription_id,
    interval_start,
    max(interval_end) as interval_end,
    min(greatest(effective_from, interval_start)) as covered_from
  from dated
  where effective_from < interval_end and (last_date is null or last_date > greatest(effective_from, interval_start))
  group by billing_instance, subscription_id, interval_start
),

usage_months as (
  select
    terms.billing_instance,
    terms.subscription_id,
    begun.month_date as interval_start,
    {{ add_months('begun.month_date', 1) }} as interval_end,
    min(greatest(terms.effective_from, begun.month_date)) as covered_from
  from terms
  inner join skus on skus.source_instance = terms.billing_instance and skus.sku = terms.sku and skus.kind = 'usage'
  inner join subscriptions
    on subscriptions.source_instance = terms.billing_instance and subscriptions.subscription_id = terms.subscription_id
  inner join begun
    on
      begun.source_instance = terms.billing_instance
      and terms.effective_from < {{ add_months('begun.month_date', 1) }}
      and (terms.effective_to is null or terms.effective_to > begun.month_date)
      and (subscriptions.ends_on is null or subscriptions.ends_on > begun.month_date)
  left join recurring_terms
    on
      recurring_terms.billing_instance = terms.billing_instance
      and recurring_terms.subscription_id = terms.subscription_id
      and recurring_terms.effective_from < {{ add_months('begun.month_date', 1) }}
      and (recurring_terms.last_date is null or recurring_terms.last_date > begun.month_date)
  where recurring_terms.terms_id is null
  group by terms.billing_instance, terms.subscription_id, begun.month_date
),

due_recurring as (
  select recurring_intervals.*, 'recurring' as kind
  from recurring_intervals
  inner join horizon on horizon.source_instance = recurring_intervals.billing_instance
  cross join parameters
  where
    recurring_intervals.interval_start >= horizon.first_interval_date
    and recurring_intervals.covered_from <= parameters.as_of
),

-- a fee agreed later in an interval than usage takes the interval's key, which the month that begins with it has too
intervals as (
  select * from due_recurring

  union all

  select usage_months.*, 'usage' as kind
  from usage_months
  inner join horizon on horizon.source_instance = usage_months.billing_instance
  left join due_recurring
    on
      due_recurring.billing_instance = usage_months.billing_instance
      and due_recurring.subscription_id = usage_months.subscription_id
      and due_recurring.interval_start = usage_months.interval_start
  where usage_months.interval_start >= horizon.first_usage_month and due_recurring.subscription_id is null
)

select
  intervals.billing_instance,
  intervals.subscription_id,
  intervals.interval_start,
  intervals.interval_end,
  intervals.covered_from,
  intervals.kind,
  subscriptions.customer_id,
  subscriptions.legal_entity_code,
  subscriptions.currency_code,
  subscriptions.status,
  subscriptions.ends_on,
  cast(
    {{ add_days(
      next_month_start('intervals.covered_from'), 'parameters.usage_grace_days + parameters.bill_run_days'
    ) }} as timestamp
  ) as due_at
from intervals
cross join parameters
inner join subscriptions
  on
    subscriptions.source_instance = intervals.billing_instance
    and subscriptions.subscription_id = intervals.subscription_id
