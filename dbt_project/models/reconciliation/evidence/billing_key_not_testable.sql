-- One row per billing key whose results cannot be tested, and why: its own record or the ERP's counterpart did not come
-- through, or the ERP names an id that several billing instances have issued. `key` null: nothing of that object in
-- that instance can be tested, because a record with an unreadable key may be any of them. `is_guess`: nothing but what
-- may be of the key as well as of others.
with records as (
  select * from {{ ref('untestable_record') }}
),

links as (
  select * from {{ source('config', 'instance_links') }}
),

kinds as (
  select 'invoice' as kind, 'invoices' as billing_object, 'ar_documents' as erp_object
  union all
  select 'credit_note' as kind, 'credit_notes' as billing_object, 'ar_documents' as erp_object
  union all
  select 'payment' as kind, 'payments' as billing_object, 'cash_receipts' as erp_object
),

own_records as (
  select
    records.source_instance,
    kinds.kind,
    records.key_text as key,
    'a row of '
    || records.object
    || coalesce(' ' || records.key_text, ' whose key cannot be read')
    || ' '
    || records.reason
      as reason
  from records
  inner join kinds on kinds.billing_object = records.object
  where records.domain = 'billing'
),

counterparts as (
  select
    links.source_instance,
    kinds.kind,
    case when records.key_text is not null then records.external_id end as key,
    'a row of '
    || records.object
    || coalesce(' ' || records.key_text, ' whose key cannot be read')
    || ' '
    || records.reason
      as reason
  from records
  inner join kinds on kinds.erp_object = records.object
  inner join links on links.linked_instance = records.source_instance and links.domain = 'erp'
  where records.domain = 'erp' and (records.key_text is null or records.external_id is not null)
),

applications as (
  select
    receipts.billing_instance as source_instance,
    'payment' as kind,
    receipts.external_id as key,
    'a cash application of receipt ' || records.receipt_id || ' ' || records.reason as reason
  from records
  inner join {{ ref('cash_receipt') }} as receipts
    on receipts.source_instance = records.source_instance and receipts.receipt_id = records.receipt_id
  where records.domain = 'erp' and records.object = 'cash_applications' and receipts.external_object = 'payment'
),

-- an application that names no receipt may be of any payment that came in where its document stands; of any at all
-- where it names no document that is held
nameless_applications as (
  select
    links.source_instance,
    'payment' as kind,
    receipts.external_id as key,
    {{ counted('count(*)', 'row') }} || ' of cash_applications whose receipt cannot be read: '
    || min(coalesce(records.key_text || ' ', '') || records.reason) as reason
  from records
  inner join links on links.linked_instance = records.source_instance and links.domain = 'erp'
  left join {{ ref('ar_document') }} as documents
    on documents.source_instance = records.source_instance and documents.document_id = records.document_id
  left join {{ ref('cash_receipt') }} as receipts
    on
      receipts.source_instance = documents.source_instance
      and receipts.legal_entity_code = documents.legal_entity_code
      and receipts.billing_instance = links.source_instance
      and receipts.external_object = 'payment'
  where
    records.domain = 'erp' and records.object = 'cash_applications' and records.receipt_id is null
    and (documents.document_id is null or receipts.external_id is not null)
  group by links.source_instance, receipts.external_id
),

-- a guess would post one company's invoice to the other's customer; R20 reports the reference itself
ambiguous as (
  select
    links.source_instance, kinds.kind, documents.external_id as key,
    'ERP document ' || documents.document_id || ' names ' || documents.external_id
    || ', an id that several linked billing instances have issued (see R20)' as reason
  from {{ ref('ar_document') }} as documents
  inner join links on links.linked_instance = documents.source_instance and links.domain = 'erp'
  inner join kinds on kinds.erp_object = 'ar_documents'
  where documents.billing_instance is null and documents.external_id is not null
  union all
  select
    links.source_instance, 'payment' as kind, receipts.external_id as key,
    'ERP receipt ' || receipts.receipt_id || ' names ' || receipts.external_id
    || ', an id that several linked billing instances have issued (see R20)' as reason
  from {{ ref('cash_receipt') }} as receipts
  inner join links on links.linked_instance = receipts.source_instance and links.domain = 'erp'
  where receipts.billing_instance is null and receipts.external_id is not null
),

collected as (
  select source_instance, kind, key, reason, true as is_own_record, false as is_guess from own_records
  union all
  select source_instance, kind, key, reason, false as is_own_record, false as is_guess from counterparts
  union all
  select source_instance, kind, key, reason, false as is_own_record, false as is_guess from applications
  union all
  select source_instance, kind, key, reason, false as is_own_record, true as is_guess from nameless_applications
  union all
  select source_instance, kind, key, reason, false as is_own_record, false as is_guess from ambiguous
)

select
  source_instance,
  kind,
  key,
  min(reason) as reason,
  max(case when is_own_record then 1 else 0 end) = 1 as is_own_record,
  min(case when is_guess then 1 else 0 end) = 1 as is_guess
from collected
group by source_instance, kind, key
