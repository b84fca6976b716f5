-- One row per refund of a payment.
with

refunds as (

  {{ vendor_union('billing', 'refunds', current_only=true) }}

),

paid as (

  select
    source_instance,
    payment_id,
    customer_id,
    legal_entity_code,
    invoice_id,
    erp_instance
  from {{ ref('payment') }}

),

with_payment as (

  select
    refunds.*,
    paid.customer_id,
    paid.legal_entity_code,
    paid.invoice_id,
    paid.erp_instance
  from refunds
  left join paid
    on
      refunds.source_instance = paid.source_instance
      and refunds.payment_id = paid.payment_id

),

converted as (

  {{ with_minor('with_payment', ['amount']) }}

)

select
  source_instance,
  refund_id,
  payment_id,
  credit_note_id,
  currency_code,
  amount_minor,
  status,
  payout_id,
  created_at,
  updated_at,
  customer_id,
  legal_entity_code,
  invoice_id,
  erp_instance,
  content_hash
from converted
