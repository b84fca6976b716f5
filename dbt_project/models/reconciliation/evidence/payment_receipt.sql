-- One row per cash receipt that stands for a payment: which payment does it name, or, where it names none, which is it
-- matched to? A matched receipt of several payments stands under the first of them; joint_receipt shares it out. A
-- receipt that the ERP took back stands for none.
with receipts as (
  select * from {{ ref('cash_receipt') }} where not {{ is_void_receipt('status') }}
),

confirmed as (
  select * from {{ ref('matches') }} where purpose = 'cash' and status = 'confirmed'
),

leads as (
  select group_id, source_instance, min(record_id) as payment_id
  from confirmed
  where side = 'left'
  group by group_id, source_instance
)

select
  billing_instance as source_instance,
  external_id as payment_id,
  source_instance as erp_instance,
  receipt_id,
  erp_customer_id,
  legal_entity_code,
  currency_code,
  amount_minor,
  false as is_matched
from receipts
where external_object = 'payment' and billing_instance is not null

union all

select
  leads.source_instance,
  leads.payment_id,
  receipts.source_instance as erp_instance,
  receipts.receipt_id,
  receipts.erp_customer_id,
  receipts.legal_entity_code,
  receipts.currency_code,
  receipts.amount_minor,
  true as is_matched
from confirmed
inner join leads on leads.group_id = confirmed.group_id and leads.source_instance = confirmed.source_instance
inner join receipts
  on receipts.source_instance = confirmed.record_instance and receipts.receipt_id = confirmed.record_id
where confirmed.object = 'cash_receipt'
