-- One row per cash receipt in the ERP; a refund or lost dispute is negative.
with

cash_receipts as (

  {{ vendor_union('erp', 'cash_receipts', current_only=true) }}

),

payments as (

  select
    source_instance,
    payment_id
  from {{ ref('payment') }}

),

refunds as (

  select
    source_instance,
    refund_id
  from {{ ref('refund') }}

),

disputes as (

  select
    source_instance,
    dispute_id
  from {{ ref('dispute') }}

),

billing_keys as (

  select
    source_instance,
    payment_id as external_id
  from payments
  union
  select
    source_instance,
    refund_id as external_id
  from refunds
  union
  select
    source_instance,
    dispute_id as external_id
  from disputes

),

converted as (

  {{ with_minor('cash_receipts', ['amount']) }}

),

with_billing_instance as (

  {{ resolve_instance('converted', 'external_id', 'billing', 'billing_keys', 'external_id') }}

),

with_external_object as (

  select
    with_billing_instance.*,
    case
      when with_billing_instance.amount_minor < 0 and refunds.refund_id is not null then 'refund'
      when with_billing_instance.amount_minor < 0 and disputes.dispute_id is not null then 'dispute'
      when payments.payment_id is not null then 'payment'
      when refunds.refund_id is not null then 'refund'
      when disputes.dispute_id is not null then 'dispute'
    end as external_object
  from with_billing_instance
  left join payments
    on
      with_billing_instance.billing_instance = payments.source_instance
      and with_billing_instance.external_id = payments.payment_id
  left join refunds
    on
      with_billing_instance.billing_instance = refunds.source_instance
      and with_billing_instance.external_id = refunds.refund_id
  left join disputes
    on
      with_billing_instance.billing_instance = disputes.source_instance
      and with_billing_instance.external_id = disputes.dispute_id

)

select
  source_instance,
  receipt_id,
  external_id,
  erp_customer_id,
  legal_entity_code,
  currency_code,
  amount_minor,
  received_date,
  fx_rate,
  status,
  updated_at,
  external_object,
  billing_instance,
  content_hash
from with_external_object
