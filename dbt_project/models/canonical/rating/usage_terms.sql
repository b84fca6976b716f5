-- One row per subscription, usage product and service month: the terms that price the month. They are those in force
-- on its first day, else the first that begin in it; tiers, allowance and minimum are never split over a part month.
with terms as (
  select * from {{ ref('terms') }}
),

skus as (
  select source_instance, sku from {{ ref('sku') }} where kind = 'usage'
),

months as (
  select distinct service_month from {{ ref('usage_month') }}
  union
  select distinct service_month from {{ ref('metered_month') }}
  union
  select distinct {{ month_start('service_start') }} as service_month from {{ ref('invoice_line') }}
),

candidates as (
  select
    terms.*,
    months.service_month,
    row_number() over (
      partition by terms.billing_instance, terms.subscription_id, terms.sku, months.service_month
      order by terms.effective_from, terms.terms_id
    ) as age
  from terms
  inner join skus on skus.source_instance = terms.billing_instance and skus.sku = terms.sku
  inner join months
    on
      terms.effective_from < {{ add_months('months.service_month', 1) }}
      and (terms.effective_to is null or terms.effective_to > months.service_month)
)

select
  billing_instance,
  subscription_id,
  sku,
  service_month,
  terms_id,
  basis,
  effective_from,
  effective_to,
  price_id,
  scheme,
  unit_amount,
  package_size,
  {{ discount_in_force('discount_percent', 'discount_until', 'greatest(service_month, effective_from)') }}
    as discount_percent,
  included_quantity,
  minimum_amount_minor,
  currency_code,
  exponent,
  customer_id,
  legal_entity_code,
  untestable_reason
from candidates
where age = 1
