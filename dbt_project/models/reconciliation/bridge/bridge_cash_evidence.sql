-- One row per ERP document of an invoice and kind of evidence from a succeeded payment that names it, or was applied to
-- it: money that arrived short (D06), was applied elsewhere (D05, with the other document) or is not applied at all
-- (D04).
with payments as (
  select * from {{ ref('payment') }} where status = 'succeeded'
),

parameters as (
  select * from {{ source('config', 'parameters') }}
),

receipts as (
  select * from {{ ref('cash_receipt') }} where external_object = 'payment' and billing_instance is not null
),

applications as (
  select * from {{ ref('cash_application') }}
),

documents as (
  select * from {{ ref('ar_document') }} where status <> 'reversed' and document_type = 'invoice'
),

-- a receipt that covers several payments stands for those too that have none of their own
jointly as (
  select distinct source_instance, payment_id from {{ ref('joint_receipt') }}
),

applied as (
  select source_instance, receipt_id, sum(amount_minor) as applied_minor
  from applications
  group by source_instance, receipt_id
),

received as (
  select
    receipts.billing_instance as source_instance,
    receipts.external_id as payment_id,
    receipts.currency_code,
    sum(receipts.amount_minor) as received_minor,
    sum(coalesce(applied.applied_minor, 0)) as applied_minor
  from receipts
  left join applied on applied.source_instance = receipts.source_instance and applied.receipt_id = receipts.receipt_id
  group by receipts.billing_instance, receipts.external_id, receipts.currency_code
),

money as (
  select
    payments.source_instance,
    payments.payment_id,
    payments.invoice_id,
    payments.currency_code,
    {{ add_business_days('payments.received_at', 'parameters.cash_business_days') }} as due_at,
    case
      when jointly.payment_id is null and received.payment_id is not null
        then greatest(payments.amount_minor - received.received_minor, 0)
      else 0
    end as short_minor,
    case
      when jointly.payment_id is not null then 0
      when received.payment_id is null then payments.amount_minor
      else greatest(received.received_minor - received.applied_minor, 0)
    end as unapplied_minor
  from payments
  cross join parameters
  left join received
    on
      received.source_instance = payments.source_instance
      and received.payment_id = payments.payment_id
      and received.currency_code = payments.currency_code
  left join jointly on jointly.source_instance = payments.source_instance and jointly.payment_id = payments.payment_id
),

-- the document that stands for an invoice: never its copy in other books
standing as (
  select
    postings.source_instance,
    postings.invoice_id,
    documents.source_instance as erp_instance,
    documents.document_id,
    documents.currency_code
  from {{ ref('invoice_posting') }} as postings
  inner join documents
    on
      documents.billing_instance = postings.source_instance
      and documents.external_id = postings.invoice_id
      and documents.document_id = postings.document_id
),

of_named as (
  select
    standing.erp_instance,
    standing.document_id,
    money.*
  from money
  inner join standing
    on
      standing.source_instance = money.source_instance
      and standing.invoice_id = money.invoice_id
      and standing.currency_code = money.currency_code
),

-- a payment of several invoices names none: what is short is short on what it was applied to
touched as (
  select distinct
    receipts.billing_instance as source_instance,
    receipts.external_id as payment_id,
    applications.source_instance as erp_instance,
    applications.document_id
  from receipts
  inner join applications
    on applications.source_instance = receipts.source_instance and applications.receipt_id = receipts.receipt_id
),

of_several as (
  select
    touched.erp_instance,
    touched.document_id,
    money.*
  from money
  inner join touched on touched.source_instance = money.source_instance and touched.payment_id = money.payment_id
  where money.invoice_id is null
),

elsewhere as (
  select
    standing.erp_instance,
    standing.document_id,
    receipts.source_instance || '|' || applications.application_id as evidence_id,
    applications.document_id as other_document_id,
    applications.amount_minor
  from receipts
  inner join payments
    on payments.source_instance = receipts.billing_instance and payments.payment_id = receipts.external_id
  inner join standing
    on
      standing.source_instance = payments.source_instance
      and standing.invoice_id = payments.invoice_id
      and standing.erp_instance = receipts.source_instance
      and standing.currency_code = receipts.currency_code
  inner join applications
    on
      applications.source_instance = receipts.source_instance
      and applications.receipt_id = receipts.receipt_id
      and applications.document_id <> standing.document_id
      and applications.amount_minor > 0
  inner join documents
    on
      documents.source_instance = applications.source_instance
      and documents.document_id = applications.document_id
      and documents.currency_code = standing.currency_code
)

select
  'D06' as cause_code,
  erp_instance,
  document_id,
  source_instance || '|' || payment_id as evidence_id,
  cast(null as {{ dbt.type_string() }}) as other_document_id,
  cast(short_minor as bigint) as amount_minor,
  cast(null as timestamp) as due_at
from of_named
where short_minor > 0
union all
select
  'D06' as cause_code,
  erp_instance,
  document_id,
  source_instance || '|' || payment_id as evidence_id,
  cast(null as {{ dbt.type_string() }}) as other_document_id,
  cast(short_minor as bigint) as amount_minor,
  cast(null as timestamp) as due_at
from of_several
where short_minor > 0
union all
select
  'D04' as cause_code,
  erp_instance,
  document_id,
  source_instance || '|' || payment_id as evidence_id,
  cast(null as {{ dbt.type_string() }}) as other_document_id,
  cast(unapplied_minor as bigint) as amount_minor,
  due_at
from of_named
where unapplied_minor > 0
union all
select
  'D05' as cause_code,
  erp_instance,
  document_id,
  evidence_id,
  other_document_id,
  cast(amount_minor as bigint) as amount_minor,
  cast(null as timestamp) as due_at
from elsewhere
