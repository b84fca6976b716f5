-- One row per ERP document of an invoice and kind of evidence from a succeeded payment that names it, or was applied to
-- it: money that arrived short (D06), was applied elsewhere (D05, with the other document) or is not applied at all
-- (D04). Evidence with one `evidence_id` is one sum of money: it is claimed once, over its documents in the order of
-- `place` and document.
with payments as (
  select * from {{ ref('payment') }} where status = 'succeeded'
),

parameters as (
  select * from {{ source('config', 'parameters') }}
),

receipts as (
  select * from {{ ref('payment_receipt') }}
),

documents as (
  select * from {{ ref('ar_document') }} where status <> 'reversed' and document_type = 'invoice'
),

named as (
  select * from {{ ref('payment_invoice') }}
),

received as (
  select source_instance, payment_id, currency_code, sum(amount_minor) as amount_minor
  from receipts
  group by source_instance, payment_id, currency_code
),

applied as (
  select
    source_instance,
    payment_id,
    currency_code,
    sum(case when is_other_currency then 0 else amount_minor end) as amount_minor
  from {{ ref('payment_application') }}
  group by source_instance, payment_id, currency_code
),

-- payments that share receipts are one sum of money: what is not applied of it is not applied for any of them
joint as (
  select
    *,
    count(*) over (partition by source_instance, group_id) as payment_count
  from {{ ref('joint_receipt') }}
),

money as (
  select
    payments.source_instance,
    payments.payment_id,
    payments.currency_code,
    coalesce('joint ' || joint.group_id, payments.payment_id) as sum_id,
    coalesce(joint.payment_count, 1) = 1 as is_of_one_payment,
    {{ add_business_days('payments.received_at', 'parameters.cash_business_days') }} as due_at,
    payments.amount_minor,
    received.payment_id is not null or joint.payment_id is not null as is_received,
    coalesce(received.amount_minor, 0) + coalesce(joint.received_minor, 0) as received_minor,
    coalesce(applied.amount_minor, 0) + coalesce(joint.applied_minor, 0) as applied_minor
  from payments
  cross join parameters
  left join received
    on
      received.source_instance = payments.source_instance
      and received.payment_id = payments.payment_id
      and received.currency_code = payments.currency_code
  left join applied
    on
      applied.source_instance = payments.source_instance
      and applied.payment_id = payments.payment_id
      and applied.currency_code = payments.currency_code
  left join joint on joint.source_instance = payments.source_instance and joint.payment_id = payments.payment_id
),

sums as (
  select
    source_instance,
    sum_id,
    max(due_at) as due_at,
    sum(case when is_received then greatest(amount_minor - received_minor, 0) else 0 end) as short_minor,
    greatest(sum(case when is_received then received_minor - applied_minor else amount_minor end), 0)
      as unapplied_minor
  from money
  group by source_instance, sum_id
),

-- the document that stands for an invoice, or those that post its parts: never its copy in other books
standing as (
  select
    postings.source_instance,
    postings.invoice_id,
    documents.source_instance as erp_instance,
    documents.document_id,
    documents.currency_code
  from {{ ref('invoice_posting') }} as postings
  inner join documents
    on documents.source_instance = postings.erp_instance and documents.document_id = postings.document_id
  union
  select
    parts.source_instance,
    parts.invoice_id,
    documents.source_instance as erp_instance,
    documents.document_id,
    documents.currency_code
  from {{ ref('invoice_part') }} as parts
  inner join documents
    on documents.source_instance = parts.erp_instance and documents.document_id = parts.document_id
),

of_named as (
  select
    money.source_instance,
    money.sum_id,
    money.payment_id,
    money.is_of_one_payment,
    standing.erp_instance,
    standing.document_id,
    standing.currency_code,
    count(*) over (partition by money.source_instance, money.payment_id) as document_count
  from money
  inner join named on named.source_instance = money.source_instance and named.payment_id = money.payment_id
  inner join standing
    on
      standing.source_instance = named.source_instance
      and standing.invoice_id = named.invoice_id
      and standing.currency_code = money.currency_code
),

applications as (
  select
    receipts.source_instance,
    receipts.payment_id,
    applications.source_instance as erp_instance,
    applications.application_id,
    applications.document_id,
    applications.amount_minor
  from receipts
  inner join {{ ref('document_application') }} as applications
    on applications.source_instance = receipts.erp_instance and applications.receipt_id = receipts.receipt_id
  where not applications.is_other_currency
),

applied_to as (
  select distinct
    money.source_instance,
    money.sum_id,
    applications.erp_instance,
    applications.document_id
  from money
  inner join applications
    on applications.source_instance = money.source_instance and applications.payment_id = money.payment_id
),

-- a payment that names nothing is short, or left over, on what its money was applied to
nameless as (
  select distinct money.source_instance, money.sum_id
  from money
  left join named on named.source_instance = money.source_instance and named.payment_id = money.payment_id
  where named.payment_id is null
),

places as (
  select source_instance, sum_id, erp_instance, document_id, 1 as place
  from of_named
  union all
  select applied_to.source_instance, applied_to.sum_id, applied_to.erp_instance, applied_to.document_id, 2 as place
  from applied_to
  inner join nameless on nameless.source_instance = applied_to.source_instance and nameless.sum_id = applied_to.sum_id
),

placed as (
  select source_instance, sum_id, erp_instance, document_id, min(place) as place
  from places
  group by source_instance, sum_id, erp_instance, document_id
),

-- what was applied to another document than the only one that the payment names
elsewhere as (
  select
    of_named.erp_instance,
    of_named.document_id,
    of_named.erp_instance || '|' || applications.application_id as evidence_id,
    applications.document_id as other_document_id,
    applications.amount_minor
  from of_named
  inner join applications
    on
      applications.source_instance = of_named.source_instance
      and applications.payment_id = of_named.payment_id
      and applications.erp_instance = of_named.erp_instance
      and applications.document_id <> of_named.document_id
      and applications.amount_minor > 0
  inner join documents
    on
      documents.source_instance = applications.erp_instance
      and documents.document_id = applications.document_id
      and documents.currency_code = of_named.currency_code
  where of_named.document_count = 1 and of_named.is_of_one_payment
)
{% for cause, amount, due_at in [
  ('D06', 'short_minor', 'cast(null as timestamp)'), ('D04', 'unapplied_minor', 'sums.due_at'),
] %}
select
  '{{ cause }}' as cause_code,
  placed.erp_instance,
  placed.document_id,
  placed.source_instance || '|' || placed.sum_id as evidence_id,
  placed.place,
  cast(null as {{ dbt.type_string() }}) as other_document_id,
  cast(sums.{{ amount }} as bigint) as amount_minor,
  {{ due_at }} as due_at
from placed
inner join sums on sums.source_instance = placed.source_instance and sums.sum_id = placed.sum_id
where sums.{{ amount }} > 0
union all
{% endfor %}
select
  'D05' as cause_code,
  erp_instance,
  document_id,
  evidence_id,
  1 as place,
  other_document_id,
  cast(amount_minor as bigint) as amount_minor,
  cast(null as timestamp) as due_at
from elsewhere
