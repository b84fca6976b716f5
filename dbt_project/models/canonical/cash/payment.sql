-- One row per payment that a customer made.
with

payments as (

  {{ vendor_union('billing', 'payments', current_only=true) }}

),

customers as (

  select
    source_instance,
    customer_id,
    legal_entity_code,
    erp_instance
  from {{ ref('billing_customer') }}

),

with_customer as (

  select
    payments.*,
    customers.legal_entity_code,
    customers.erp_instance
  from payments
  left join customers
    on
      payments.source_instance = customers.source_instance
      and payments.customer_id = customers.customer_id

),

converted as (

  {{ with_minor('with_customer', ['amount', 'fee_amount']) }}

)

select
  source_instance,
  payment_id,
  customer_id,
  invoice_id,
  currency_code,
  amount_minor,
  fee_amount_minor,
  status,
  received_at,
  payout_id,
  reference,
  updated_at,
  legal_entity_code,
  erp_instance,
  content_hash
from converted
