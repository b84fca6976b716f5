-- One row per currency pair, day and type of rate: what is the policy rate?
with

fx_rates as (

  {{ vendor_union('erp', 'fx_rates', current_only=true) }}

)

select
  source_instance,
  base_currency_code,
  quote_currency_code,
  rate_date,
  rate_type,
  rate,
  updated_at,
  content_hash
from fx_rates
