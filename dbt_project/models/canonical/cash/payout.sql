-- One row per payout of the payment provider.
with

payouts as (

  {{ vendor_union('billing', 'payouts', current_only=true) }}

),

converted as (

  {{ with_minor('payouts', ['amount']) }}

)

select
  source_instance,
  payout_id,
  currency_code,
  amount_minor,
  arrival_date,
  updated_at,
  content_hash
from converted
