-- One row per refund or dispute of which something did not come through: itself, the credit note it names, the ERP's
-- receipt or that receipt's application. `key` null: a row that cannot be read may belong to any of its instance.
with records as (
  select
    *,
    'a row of ' || object || coalesce(' ' || key_text, ' whose key cannot be read') || ' ' || reason as words
  from {{ ref('untestable_record') }}
),

kinds as (
  select 'refund' as kind, 'refunds' as billing_object
  union all
  select 'dispute' as kind, 'disputes' as billing_object
),

links as (
  select * from {{ source('config', 'instance_links') }}
),

receipts as (
  select * from {{ ref('cash_receipt') }}
),

own_records as (
  select records.source_instance, kinds.kind, records.key_text as key, records.words as reason, true as is_own_record
  from records
  inner join kinds on kinds.billing_object = records.object
  where records.domain = 'billing'
),

credit_notes as (
  select
    records.source_instance, 'refund' as kind, refunds.refund_id as key, records.words as reason, false as is_own_record
  from records
  inner join {{ ref('refund') }} as refunds
    on
      refunds.source_instance = records.source_instance
      and refunds.credit_note_id = coalesce(records.key_text, refunds.credit_note_id)
  where records.domain = 'billing' and records.object = 'credit_notes'
),

rejected_receipts as (
  select
    links.source_instance,
    kinds.kind,
    case when records.key_text is not null then records.external_id end as key,
    records.words as reason,
    false as is_own_record
  from records
  cross join kinds
  inner join links on links.linked_instance = records.source_instance and links.domain = 'erp'
  where
    records.domain = 'erp'
    and records.object = 'cash_receipts'
    and (records.key_text is null or records.external_id is not null)
),

rejected_applications as (
  select
    receipts.billing_instance as source_instance,
    receipts.external_object as kind,
    receipts.external_id as key,
    records.words as reason,
    false as is_own_record
  from records
  inner join receipts
    on receipts.source_instance = records.source_instance and receipts.receipt_id = records.receipt_id
  where
    records.domain = 'erp'
    and records.object = 'cash_applications'
    and receipts.external_object in ('refund', 'dispute')
),

nameless_applications as (
  select
    links.source_instance,
    'dispute' as kind,
    cast(null as {{ dbt.type_string() }}) as key,
    records.words as reason,
    false as is_own_record
  from records
  inner join links on links.linked_instance = records.source_instance and links.domain = 'erp'
  where records.domain = 'erp' and records.object = 'cash_applications' and records.receipt_id is null
),

-- a guess would give one company's refund to the other; R20 reports the reference itself
ambiguous as (
  select
    links.source_instance,
    kinds.kind,
    receipts.external_id as key,
    'ERP receipt ' || receipts.receipt_id || ' names ' || receipts.external_id
    || ', an id that several linked billing instances have issued (see R20)' as reason,
    false as is_own_record
  from receipts
  cross join kinds
  inner join links on links.linked_instance = receipts.source_instance and links.domain = 'erp'
  where receipts.billing_instance is null and receipts.external_id is not null
),

collected as (
  select source_instance, kind, key, reason, is_own_record from own_records
  union all
  select source_instance, kind, key, reason, is_own_record from credit_notes
  union all
  select source_instance, kind, key, reason, is_own_record from rejected_receipts
  union all
  select source_instance, kind, key, reason, is_own_record from rejected_applications
  union all
  select source_instance, kind, key, reason, is_own_record from nameless_applications
  union all
  select source_instance, kind, key, reason, is_own_record from ambiguous
)

select
  source_instance,
  kind,
  key,
  min(reason) as reason,
  max(case when is_own_record then 1 else 0 end) = 1 as is_own_record
from collected
group by source_instance, kind, key
