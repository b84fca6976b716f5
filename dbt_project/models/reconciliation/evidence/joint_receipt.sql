-- One row per payment in a confirmed match of payments and receipts: what does it take out of a receipt that stands
-- under another payment, or give away of its own? What is applied goes to the payments in the order of their ids.
with confirmed as (
  select * from {{ ref('matches') }} where purpose = 'cash' and status = 'confirmed'
),

receipts as (
  select * from {{ ref('payment_receipt') }}
),

payments as (
  select * from {{ ref('payment') }}
),

leads as (
  select group_id, source_instance, min(record_id) as payment_id
  from confirmed
  where side = 'left'
  group by group_id, source_instance
),

-- a payment that lacks money takes it; the one whose receipt is too large, or under which a receipt stands, gives it
moves as (
  select
    confirmed.group_id,
    confirmed.source_instance,
    case when confirmed.object = 'payment' then confirmed.record_id else leads.payment_id end as payment_id,
    case when confirmed.side = 'left' then confirmed.amount_minor else -confirmed.amount_minor end as amount_minor
  from confirmed
  inner join leads on leads.group_id = confirmed.group_id and leads.source_instance = confirmed.source_instance
),

shares as (
  select group_id, source_instance, payment_id, sum(amount_minor) as received_minor
  from moves
  group by group_id, source_instance, payment_id
),

group_receipts as (
  select shares.group_id, shares.source_instance, {{ joined_text('receipts.receipt_id', ', ') }} as receipt_ids
  from shares
  inner join receipts
    on receipts.source_instance = shares.source_instance and receipts.payment_id = shares.payment_id
  group by shares.group_id, shares.source_instance
),

applied as (
  select
    source_instance,
    payment_id,
    currency_code,
    sum(case when is_other_currency then 0 else amount_minor end) as applied_minor
  from {{ ref('payment_application') }}
  group by source_instance, payment_id, currency_code
),

in_order as (
  select
    shares.group_id,
    shares.source_instance,
    shares.payment_id,
    shares.received_minor,
    payments.amount_minor as due_minor,
    coalesce(applied.applied_minor, 0) as own_applied_minor,
    sum(coalesce(applied.applied_minor, 0)) over (partition by shares.source_instance, shares.group_id)
      as group_applied_minor,
    sum(payments.amount_minor) over (
      partition by shares.source_instance, shares.group_id
      order by shares.payment_id
      rows between unbounded preceding and current row
    ) - payments.amount_minor as due_before_minor,
    sum(payments.amount_minor) over (partition by shares.source_instance, shares.group_id) as group_due_minor,
    row_number() over (partition by shares.source_instance, shares.group_id order by shares.payment_id) as place
  from shares
  inner join payments
    on payments.source_instance = shares.source_instance and payments.payment_id = shares.payment_id
  left join applied
    on
      applied.source_instance = payments.source_instance
      and applied.payment_id = payments.payment_id
      and applied.currency_code = payments.currency_code
)

select
  in_order.source_instance,
  in_order.payment_id,
  in_order.group_id,
  group_receipts.receipt_ids,
  cast(in_order.received_minor as bigint) as received_minor,
  cast(
    greatest(least(in_order.due_minor, in_order.group_applied_minor - in_order.due_before_minor), 0)
    + case
      when in_order.place = 1 then greatest(in_order.group_applied_minor - in_order.group_due_minor, 0) else 0
    end
    - in_order.own_applied_minor
    as bigint
  ) as applied_minor
from in_order
left join group_receipts
  on group_receipts.group_id = in_order.group_id and group_receipts.source_instance = in_order.source_instance
