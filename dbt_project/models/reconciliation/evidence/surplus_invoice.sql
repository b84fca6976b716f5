-- One row per subscription and live invoice that bills an interval a second time: which interval, and how much? Either
-- the whole invoice repeats an earlier one, or a recurring fee that an earlier invoice bills stands in it again. What
-- a credit took back whole, or a later invoice replaces, is mended.
with lines as (
  select
    lines.*,
    terms.interval_months,
    subscriptions.start_date,
    case subscriptions.billing_interval when 'year' then 12 else 1 end as own_interval_months,
    subscriptions.subscription_id is not null as is_known_subscription
  from {{ ref('billed_line') }} as lines
  left join {{ ref('line_terms') }} as terms
    on terms.billing_instance = lines.billing_instance and terms.line_id = lines.line_id
  left join {{ ref('subscription') }} as subscriptions
    on subscriptions.source_instance = lines.billing_instance and subscriptions.subscription_id = lines.subscription_id
),

usage_months as (
  select distinct billing_instance, subscription_id, interval_start
  from {{ ref('billing_interval') }}
  where kind = 'usage'
),

repeated_fees as (
  select
    billing_instance,
    line_id,
    first_value(invoice_id) over (
      partition by billing_instance, subscription_id, sku, item_id, service_start order by finalized_at, invoice_id
    ) as first_invoice_id,
    invoice_id
  from lines
  where kind = 'recurring' and is_counted and not is_proration and amount_minor > 0
),

surplus as (
  select
    lines.*,
    coalesce(lines.is_duplicate_of, repeated_fees.first_invoice_id) as repeats_invoice_id,
    coalesce(lines.interval_months, lines.own_interval_months) as months
  from lines
  left join repeated_fees
    on
      repeated_fees.billing_instance = lines.billing_instance
      and repeated_fees.line_id = lines.line_id
      and repeated_fees.first_invoice_id <> repeated_fees.invoice_id
  where
    lines.is_known_subscription
    and lines.replaced_by is null
    and (lines.is_duplicate_of is not null or repeated_fees.line_id is not null)
),

placed as (
  select
    surplus.*,
    {{ months_to_anchor('surplus.start_date', 'surplus.service_start', 'surplus.months') }} as anchor_months,
    usage_months.interval_start as usage_month
  from surplus
  left join usage_months
    on
      usage_months.billing_instance = surplus.billing_instance
      and usage_months.subscription_id = surplus.subscription_id
      and usage_months.interval_start = surplus.service_month
),

keyed as (
  select
    *,
    case
      when kind in ('usage', 'minimum') and usage_month is not null then usage_month
      else {{ add_months('start_date', 'anchor_months') }}
    end as interval_start,
    case when kind = 'recurring' then 0 when usage_month is not null then 1 else 2 end as place
  from placed
),

-- the whole invoice counts in one interval: that of its fee, else of its usage
chosen as (
  select
    *,
    first_value(interval_start) over (
      partition by billing_instance, subscription_id, invoice_id order by place, interval_start
    ) as key_date
  from keyed
)

select
  billing_instance,
  subscription_id,
  invoice_id,
  key_date as interval_start,
  min(invoice_number) as invoice_number,
  min(repeats_invoice_id) as repeats_invoice_id,
  cast(coalesce(sum(amount_minor) filter (where taken_back_cause is null), 0) as bigint) as amount_minor,
  min(currency_code) as currency_code,
  min(customer_id) as customer_id,
  min(legal_entity_code) as legal_entity_code
from chosen
group by billing_instance, subscription_id, invoice_id, key_date
having
  count(*) filter (where taken_back_cause is not null) = 0
  or count(*) filter (where taken_back_cause is null and amount_minor > 0) > 0
