-- One row per opportunity: what has sales won?
with

opportunities as (

  {{ vendor_union('crm', 'opportunities', current_only=true) }}

),

converted as (

  {{ with_minor('opportunities', ['amount']) }}

)

select
  source_instance,
  opportunity_id,
  account_id,
  stage,
  close_date,
  currency_code,
  amount_minor,
  updated_at,
  content_hash
from converted
