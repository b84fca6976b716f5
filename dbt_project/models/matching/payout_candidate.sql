-- One row per payout that nothing names, and per payment, refund or dispute that names no payout: what did the payout
-- bring? Net of fees, refunds and disputes negative; a payout says neither entity nor customer.
with payments as (
  select * from {{ ref('payment') }} where status = 'succeeded'
),

refunds as (
  select *
  from {{ ref('refund') }}
  where not {{ is_unpaid_refund('status') }}
),

disputes as (
  select * from {{ ref('dispute') }} where status = 'lost'
),

movements as (
  select
    source_instance, 'payment' as object,
    payment_id as record_id, currency_code, payout_id,
    amount_minor - coalesce(fee_amount_minor, 0) as amount_minor, {{ utc_date('received_at') }} as dated
  from payments
  union all
  select
    source_instance, 'refund' as object,
    refund_id as record_id, currency_code, payout_id,
    -amount_minor as amount_minor, {{ utc_date('created_at') }} as dated
  from refunds
  union all
  select
    source_instance, 'dispute' as object,
    dispute_id as record_id, currency_code, payout_id,
    -amount_minor as amount_minor, {{ utc_date('created_at') }} as dated
  from disputes
),

named as (
  select distinct source_instance, payout_id from movements where payout_id is not null
)

select
  'payout' as purpose,
  'left' as side,
  source_instance,
  object,
  record_id,
  source_instance as record_instance,
  cast(null as {{ dbt.type_string() }}) as legal_entity_code,
  cast(null as {{ dbt.type_string() }}) as customer_id,
  currency_code,
  amount_minor,
  dated,
  {{ text_list([]) }} as refs
from movements
where payout_id is null

union all

select
  'payout' as purpose,
  'right' as side,
  payouts.source_instance,
  'payout' as object,
  payouts.payout_id as record_id,
  payouts.source_instance as record_instance,
  cast(null as {{ dbt.type_string() }}) as legal_entity_code,
  cast(null as {{ dbt.type_string() }}) as customer_id,
  payouts.currency_code,
  payouts.amount_minor,
  payouts.arrival_date as dated,
  {{ text_list([]) }} as refs
from {{ ref('payout') }} as payouts
left join named on named.source_instance = payouts.source_instance and named.payout_id = payouts.payout_id
where named.payout_id is null and payouts.amount_minor <> 0
