-- One row per succeeded payment and invoice that it names: by its field, or, where that is empty, by a reference that
-- holds the invoice's number as a word of its own. Numbers are looked for among the invoices that the payer may pay,
-- its own and those of the accounts below it: elsewhere an equal number is chance.
with payments as (
  select * from {{ ref('payment') }} where status = 'succeeded'
),

invoices as (
  select * from {{ ref('invoice') }} where is_live
),

accounts as (
  select * from {{ ref('account') }} where customer_id is not null
),

referring as (
  select
    source_instance,
    payment_id,
    customer_id,
    currency_code,
    ' ' || upper(translate(reference, ',;', '  ')) || ' ' as words
  from payments
  where invoice_id is null and reference is not null
),

may_pay as (
  select distinct source_instance, customer_id as payer_id, customer_id
  from referring
  union
  select payers.billing_instance as source_instance, payers.customer_id as payer_id, payees.customer_id
  from {{ ref('account_ancestor') }} as ancestors
  inner join accounts as payees on payees.account_key = ancestors.account_key
  inner join accounts as payers
    on payers.account_key = ancestors.ancestor_key and payers.billing_instance = payees.billing_instance
)

select
  source_instance,
  payment_id,
  invoice_id
from payments
where invoice_id is not null

union all

select
  referring.source_instance,
  referring.payment_id,
  invoices.invoice_id
from referring
inner join may_pay
  on may_pay.source_instance = referring.source_instance and may_pay.payer_id = referring.customer_id
inner join invoices
  on
    invoices.source_instance = referring.source_instance
    and invoices.customer_id = may_pay.customer_id
    and invoices.currency_code = referring.currency_code
    and instr(referring.words, ' ' || upper(invoices.number) || ' ') > 0
