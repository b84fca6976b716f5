-- One row per payment that lacks money in the ERP, and per receipt or surplus of a receipt that names no payment: what
-- could belong together although nothing says so? A payment that lacks just its fee lacks nothing that could come in.
with payments as (
  select * from {{ ref('payment') }} where status = 'succeeded' and legal_entity_code is not null
),

receipts as (
  select *
  from {{ ref('cash_receipt') }}
  where amount_minor > 0 and not {{ is_void_receipt('status') }}
),

crosswalk as (
  select * from {{ ref('erp_customer') }} where billing_customer_id is not null and billing_instance is not null
),

received as (
  select
    billing_instance as source_instance,
    external_id as payment_id,
    currency_code,
    count(*) as receipt_count,
    min(received_date) as received_date,
    sum(amount_minor) as received_minor
  from receipts
  where external_object = 'payment'
  group by billing_instance, external_id, currency_code
),

compared as (
  select
    payments.*,
    payments.amount_minor - coalesce(received.received_minor, 0) as lacking_minor,
    coalesce(received.receipt_count, 0) as receipt_count,
    received.received_date
  from payments
  left join received
    on
      received.source_instance = payments.source_instance
      and received.payment_id = payments.payment_id
      and received.currency_code = payments.currency_code
),

lacking as (
  select
    'left' as side,
    source_instance,
    'payment' as object,
    payment_id as record_id,
    source_instance as record_instance,
    legal_entity_code,
    customer_id,
    currency_code,
    lacking_minor as amount_minor,
    {{ utc_date('received_at') }} as dated,
    {{ text_list(['payment_id', 'reference', 'invoice_id']) }} as refs
  from compared
  where lacking_minor > 0 and (receipt_count = 0 or lacking_minor <> coalesce(fee_amount_minor, 0))
),

surplus as (
  select
    'right' as side,
    source_instance,
    'payment' as object,
    payment_id as record_id,
    source_instance as record_instance,
    legal_entity_code,
    customer_id,
    currency_code,
    -lacking_minor as amount_minor,
    received_date as dated,
    {{ text_list([]) }} as refs
  from compared
  where lacking_minor < 0 and receipt_count = 1
),

unnamed as (
  select
    'right' as side,
    crosswalk.billing_instance as source_instance,
    'cash_receipt' as object,
    receipts.receipt_id as record_id,
    receipts.source_instance as record_instance,
    receipts.legal_entity_code,
    crosswalk.billing_customer_id as customer_id,
    receipts.currency_code,
    receipts.amount_minor,
    receipts.received_date as dated,
    {{ text_list(['receipts.external_id']) }} as refs
  from receipts
  inner join crosswalk
    on
      crosswalk.source_instance = receipts.source_instance
      and crosswalk.erp_customer_id = receipts.erp_customer_id
  where receipts.external_object is null
),

unnamed_amounts as (
  select distinct source_instance, customer_id, currency_code, amount_minor from unnamed
),

-- a receipt of the same customer and amount that names a payment: the same money booked twice?
named_copies as (
  select
    'left' as side,
    unnamed_amounts.source_instance,
    'cash_receipt' as object,
    receipts.receipt_id as record_id,
    receipts.source_instance as record_instance,
    receipts.legal_entity_code,
    unnamed_amounts.customer_id,
    receipts.currency_code,
    receipts.amount_minor,
    receipts.received_date as dated,
    {{ text_list([]) }} as refs
  from receipts
  inner join crosswalk
    on
      crosswalk.source_instance = receipts.source_instance
      and crosswalk.erp_customer_id = receipts.erp_customer_id
  inner join unnamed_amounts
    on
      unnamed_amounts.source_instance = crosswalk.billing_instance
      and unnamed_amounts.customer_id = crosswalk.billing_customer_id
      and unnamed_amounts.currency_code = receipts.currency_code
      and unnamed_amounts.amount_minor = receipts.amount_minor
  where receipts.external_object = 'payment'
),

candidates as (
  select 'cash' as purpose, * from lacking
  union all
  select 'cash' as purpose, * from surplus
  union all
  select 'cash' as purpose, * from unnamed
  union all
  select 'receipt_copy' as purpose, * from named_copies
  union all
  select 'receipt_copy' as purpose, * from unnamed
)

select
  purpose,
  side,
  source_instance,
  object,
  record_id,
  record_instance,
  legal_entity_code,
  customer_id,
  currency_code,
  amount_minor,
  dated,
  refs
from candidates
