-- One row per payment that another payment's receipt covers: one transfer for several payments, booked as one receipt
-- that can name only one of them. Confirmed only where what is over is exactly the sum of what this customer's other
-- payments of the same days lack; anything less is left to the people who know the bank statement.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

payments as (
  select * from {{ ref('payment') }} where status = 'succeeded'
),

receipts as (
  select
    billing_instance as source_instance,
    external_id as payment_id,
    count(*) as receipt_count,
    min(currency_code) as currency_code,
    min(receipt_id) as receipt_id,
    sum(amount_minor) as received_minor
  from {{ ref('cash_receipt') }}
  where external_object = 'payment'
  group by billing_instance, external_id
),

leads as (
  select
    payments.source_instance, payments.payment_id, payments.customer_id, payments.currency_code, payments.received_at,
    receipts.receipt_id,
    receipts.received_minor - payments.amount_minor as over_minor
  from payments
  inner join receipts
    on
      receipts.source_instance = payments.source_instance
      and receipts.payment_id = payments.payment_id
      and receipts.currency_code = payments.currency_code
  where receipts.receipt_count = 1 and receipts.received_minor > payments.amount_minor
),

unreceived as (
  select payments.*
  from payments
  left join receipts
    on receipts.source_instance = payments.source_instance and receipts.payment_id = payments.payment_id
  where receipts.payment_id is null
),

members as (
  select
    leads.source_instance,
    leads.payment_id as lead_payment_id,
    leads.receipt_id,
    leads.over_minor,
    unreceived.payment_id,
    unreceived.amount_minor,
    sum(unreceived.amount_minor) over (partition by leads.source_instance, leads.payment_id) as together_minor,
    count(*) over (partition by unreceived.source_instance, unreceived.payment_id) as lead_count
  from leads
  cross join parameters
  inner join unreceived
    on
      unreceived.source_instance = leads.source_instance
      and unreceived.customer_id = leads.customer_id
      and unreceived.currency_code = leads.currency_code
      and unreceived.received_at <= {{ add_business_days('leads.received_at', 'parameters.cash_business_days') }}
      and leads.received_at <= {{ add_business_days('unreceived.received_at', 'parameters.cash_business_days') }}
)

select
  source_instance,
  lead_payment_id,
  payment_id,
  receipt_id,
  amount_minor
from members
where together_minor = over_minor and lead_count = 1
