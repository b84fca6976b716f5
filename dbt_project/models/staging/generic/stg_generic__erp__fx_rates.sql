-- One row per currency pair, day and type of rate and version: what did the source say, and when?
with

counted as (

  {{ current_rows(
    source('landed', 'generic__erp__fx_rates'), ['base_currency', 'quote_currency', 'rate_date', 'rate_type'], 'upsert'
  ) }}

)

select
  source_instance,
  base_currency as base_currency_code,
  quote_currency as quote_currency_code,
  rate_date,
  rate_type,
  rate,
  updated_at,
  content_hash,
  valid_from,
  valid_to,
  is_current
from counted
