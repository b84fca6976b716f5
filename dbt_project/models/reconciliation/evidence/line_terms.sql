-- One row per billed line: the terms in force that price it, the interval it belongs to, and billing's own copy of the
-- terms. The unused rest of a changed item (negative) is priced by the terms that ended, so by those of the day
-- before.
with lines as (
  select * from {{ ref('billed_line') }}
),

terms as (
  select * from {{ ref('terms') }}
),

items as (
  select * from {{ ref('subscription_item') }}
),

subscriptions as (
  select * from {{ ref('subscription') }}
),

dated as (
  select
    lines.*,
    items.contract_line_id,
    items.price_id as item_price_id,
    case when lines.is_proration and (lines.amount_minor < 0 or lines.quantity < 0) then -1 else 1 end as direction,
    case
      when
        lines.is_proration and (lines.amount_minor < 0 or lines.quantity < 0)
        then {{ add_days('lines.service_start', -1) }}
      else lines.service_start
    end as terms_date,
    subscriptions.subscription_id is not null as is_known_subscription
  from lines
  left join items on items.source_instance = lines.billing_instance and items.item_id = lines.item_id
  left join subscriptions
    on subscriptions.source_instance = lines.billing_instance and subscriptions.subscription_id = lines.subscription_id
),

candidates as (
  select
    dated.*,
    terms.terms_id,
    terms.basis,
    terms.contract_id,
    terms.version,
    terms.price_id,
    terms.scheme,
    terms.unit_amount as terms_unit_amount,
    terms.package_size,
    terms.quantity as terms_quantity,
    terms.discount_percent as terms_discount_percent,
    terms.discount_until,
    terms.included_quantity,
    terms.minimum_amount_minor,
    terms.currency_code as terms_currency_code,
    terms.exponent,
    terms.interval_months,
    terms.start_date,
    terms.untestable_reason,
    row_number() over (
      partition by dated.billing_instance, dated.line_id
      order by
        case
          when terms.terms_id = dated.contract_line_id then 0
          when terms.basis = 'item' and terms.terms_id = dated.item_id then 0
          else 1
        end,
        case when terms.price_id = dated.item_price_id then 0 else 1 end,
        case when dated.kind in ('usage', 'minimum') then terms.effective_from end,
        case when dated.kind = 'one_time' then terms.effective_from end desc,
        case when terms.quantity = abs(dated.quantity) then 0 else 1 end,
        terms.terms_id
    ) as choice
  from dated
  left join terms
    on
      terms.billing_instance = dated.billing_instance
      and terms.subscription_id = dated.subscription_id
      and terms.sku = dated.sku
      and case
        when dated.kind in ('usage', 'minimum')
          then
            terms.effective_from < greatest(dated.service_end, {{ add_days('dated.service_start', 1) }})
            and (terms.effective_to is null or terms.effective_to > dated.service_start)
        when dated.kind = 'one_time' then terms.effective_from <= dated.terms_date
        else
          terms.effective_from <= dated.terms_date
          and (terms.effective_to is null or terms.effective_to > dated.terms_date)
      end
),

chosen as (
  select
    *,
    {{ months_to_anchor('start_date', 'service_start', 'interval_months') }} as anchor_months
  from candidates
  where choice = 1
)

select
  billing_instance,
  line_id,
  invoice_id,
  invoice_number,
  subscription_id,
  item_id,
  item_price_id,
  sku,
  kind,
  stated_kind,
  direction,
  quantity,
  unit_amount,
  discount_amount_minor,
  amount_minor,
  service_start,
  service_end,
  service_month,
  terms_date,
  is_proration,
  is_counted,
  taken_back_cause,
  is_known_subscription,
  finalized_at,
  issue_date,
  currency_code,
  legal_entity_code,
  customer_id,
  terms_id,
  basis,
  contract_id,
  version,
  price_id,
  scheme,
  terms_unit_amount,
  package_size,
  terms_quantity,
  terms_discount_percent,
  discount_until,
  {{ discount_in_force('terms_discount_percent', 'discount_until', 'service_start') }} as discount_percent,
  case when kind in ('usage', 'minimum') then included_quantity else 0 end as included_quantity,
  minimum_amount_minor,
  terms_currency_code,
  exponent,
  interval_months,
  untestable_reason,
  case when kind = 'recurring' then {{ days_between('service_start', 'service_end') }} end as active_days,
  case
    when kind = 'recurring'
      then
        {{ days_between(
          add_months('start_date', 'anchor_months'), add_months('start_date', '(anchor_months + interval_months)')
        ) }}
  end as interval_days
from chosen
