-- One row per drawdown of a grant.
with

prepaid_drawdowns as (

  {{ vendor_union('billing', 'prepaid_drawdowns') }}

),

grants as (

  select
    source_instance,
    grant_id,
    subscription_id,
    sku,
    customer_id,
    currency_code
  from {{ ref('prepaid_grant') }}

),

with_grant as (

  select
    prepaid_drawdowns.*,
    grants.subscription_id,
    grants.sku,
    grants.customer_id,
    grants.currency_code
  from prepaid_drawdowns
  left join grants
    on
      prepaid_drawdowns.source_instance = grants.source_instance
      and prepaid_drawdowns.grant_id = grants.grant_id

)

select
  source_instance,
  drawdown_id,
  grant_id,
  invoice_line_id,
  quantity,
  drawn_at,
  subscription_id,
  sku,
  customer_id,
  currency_code,
  content_hash
from with_grant
