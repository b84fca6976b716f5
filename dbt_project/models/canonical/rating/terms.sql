-- One row per subscription, product and span of time: the terms in force, which say what is expected to be billed.
-- The newest signed contract version states them; billing's items do only where no CRM is connected.
with candidates as (
  select * from {{ ref('terms_candidate') }} where is_in_force
)

select
  billing_instance,
  subscription_id,
  sku,
  terms_id,
  basis,
  contract_id,
  version,
  effective_from,
  effective_to,
  quantity,
  price_id,
  scheme,
  unit_amount,
  package_size,
  discount_percent,
  discount_until,
  included_quantity,
  minimum_amount_minor,
  currency_code,
  exponent,
  billing_interval,
  interval_months,
  start_date,
  customer_id,
  legal_entity_code,
  untestable_reason
from candidates
