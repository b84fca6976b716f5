-- One row per cash application of a customer's payment: was it applied to a document that this payer may pay?
-- A payer may pay for itself and for the customers below it; anything else pays somebody else's debt. On a document of
-- another currency money pays nothing that anybody could add up.
with receipts as (
  select * from {{ ref('payment_receipt') }}
),

documents as (
  select * from {{ ref('ar_document') }}
),

crosswalk as (
  select * from {{ ref('erp_customer') }}
),

accounts as (
  select * from {{ ref('account') }} where customer_id is not null
),

applied as (
  select
    receipts.source_instance,
    receipts.payment_id,
    receipts.receipt_id,
    receipts.currency_code,
    receipts.erp_customer_id as receipt_erp_customer_id,
    applications.application_id,
    applications.document_id,
    applications.amount_minor,
    documents.erp_customer_id as document_erp_customer_id,
    documents.external_id,
    documents.external_object,
    documents.document_type,
    documents.billing_instance,
    documents.open_amount_minor,
    documents.currency_code as document_currency_code,
    documents.total_amount_minor as document_minor,
    coalesce(
      case when documents.external_object = 'invoice' then invoices.customer_id end,
      crosswalk.billing_customer_id
    ) as document_customer_id
  from receipts
  inner join {{ ref('cash_application') }} as applications
    on applications.source_instance = receipts.erp_instance and applications.receipt_id = receipts.receipt_id
  left join documents
    on documents.source_instance = applications.source_instance and documents.document_id = applications.document_id
  left join {{ ref('invoice') }} as invoices
    on invoices.source_instance = documents.billing_instance and invoices.invoice_id = documents.external_id
  left join crosswalk
    on crosswalk.source_instance = documents.source_instance and crosswalk.erp_customer_id = documents.erp_customer_id
)

select
  applied.source_instance,
  applied.payment_id,
  applied.receipt_id,
  applied.currency_code,
  applied.application_id,
  applied.document_id,
  applied.amount_minor,
  applied.document_customer_id,
  applied.document_currency_code,
  applied.document_minor,
  coalesce(applied.document_currency_code <> applied.currency_code, false) as is_other_currency,
  coalesce(applied.external_object = 'invoice' and applied.document_type = 'credit_memo', false)
    as is_on_turned_invoice,
  coalesce(
    applied.external_object = 'invoice'
    and applied.billing_instance = applied.source_instance
    and applied.external_id <> payments.invoice_id, false
  ) as names_another_invoice,
  case
    when applied.external_id = payments.invoice_id then true
    when applied.document_customer_id is null
      then coalesce(applied.document_erp_customer_id = applied.receipt_erp_customer_id, false)
    when applied.document_customer_id = payments.customer_id then true
    else ancestors.ancestor_key is not null
  end as is_own_debt
from applied
inner join {{ ref('payment') }} as payments
  on payments.source_instance = applied.source_instance and payments.payment_id = applied.payment_id
left join accounts as payer
  on payer.billing_instance = applied.source_instance and payer.customer_id = payments.customer_id
left join accounts as payee
  on payee.billing_instance = applied.source_instance and payee.customer_id = applied.document_customer_id
left join {{ ref('account_ancestor') }} as ancestors
  on ancestors.account_key = payee.account_key and ancestors.ancestor_key = payer.account_key
