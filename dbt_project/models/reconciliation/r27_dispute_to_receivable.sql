-- One row per dispute that was lost, and per won one that the ERP treats as lost: does the customer owe again what the
-- bank took back? A lost dispute that is not reinstated is money that nobody will ask for.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

disputes as (
  select * from {{ ref('dispute') }}
),

-- the day on which it was lost; a later touch of the record opens no new window
lost as (
  select source_instance, dispute_id, min(updated_at) as lost_at
  from ({{ vendor_union('billing', 'disputes') }}) as versions
  where status = 'lost'
  group by source_instance, dispute_id
),

receipts as (
  select
    source_instance as erp_instance, billing_instance as source_instance, external_id as dispute_id, receipt_id,
    currency_code, amount_minor
  from {{ ref('cash_receipt') }}
  where external_object = 'dispute' and not {{ is_void_receipt('status') }}
),

-- the documents that the disputed payment had settled: only those can be owed again
paid_documents as (
  select distinct
    receipts.billing_instance as source_instance,
    receipts.external_id as payment_id,
    applications.source_instance as erp_instance,
    applications.document_id
  from {{ ref('cash_receipt') }} as receipts
  inner join {{ ref('cash_application') }} as applications
    on applications.source_instance = receipts.source_instance and applications.receipt_id = receipts.receipt_id
  where receipts.external_object = 'payment'
),

reinstated as (
  select
    receipts.source_instance,
    receipts.dispute_id,
    receipts.currency_code,
    cast(-sum(applications.amount_minor) as bigint) as amount_minor,
    cast(-sum(case
      when paid_documents.document_id is null and documents.external_id is distinct from disputes.invoice_id
        then applications.amount_minor
      else 0
    end) as bigint) as elsewhere_minor,
    {{ joined_text(
      "case when paid_documents.document_id is null and documents.external_id is distinct from disputes.invoice_id"
      ~ " then applications.document_id end", ', '
    ) }} as elsewhere_documents,
    {{ joined_text('applications.document_id', ', ') }} as document_ids
  from receipts
  inner join disputes
    on disputes.source_instance = receipts.source_instance and disputes.dispute_id = receipts.dispute_id
  inner join {{ ref('cash_application') }} as applications
    on applications.source_instance = receipts.erp_instance and applications.receipt_id = receipts.receipt_id
  left join {{ ref('ar_document') }} as documents
    on documents.source_instance = receipts.erp_instance and documents.document_id = applications.document_id
  left join paid_documents
    on
      paid_documents.source_instance = receipts.source_instance
      and paid_documents.payment_id = disputes.payment_id
      and paid_documents.erp_instance = receipts.erp_instance
      and paid_documents.document_id = applications.document_id
  group by receipts.source_instance, receipts.dispute_id, receipts.currency_code
),

booked as (
  select source_instance, dispute_id, {{ joined_text('receipt_id', ', ') }} as receipt_ids
  from receipts
  group by source_instance, dispute_id
),

paired as (
  select
    disputes.*,
    coalesce(lost.lost_at, disputes.updated_at) as decided_at,
    booked.receipt_ids,
    reinstated.document_ids,
    reinstated.elsewhere_documents,
    coalesce(reinstated.amount_minor, 0) as reinstated_minor,
    coalesce(reinstated.elsewhere_minor, 0) as elsewhere_minor
  from disputes
  left join lost on lost.source_instance = disputes.source_instance and lost.dispute_id = disputes.dispute_id
  left join booked on booked.source_instance = disputes.source_instance and booked.dispute_id = disputes.dispute_id
  left join reinstated
    on
      reinstated.source_instance = disputes.source_instance
      and reinstated.dispute_id = disputes.dispute_id
      and reinstated.currency_code = disputes.currency_code
  where disputes.status = 'lost' or (disputes.status = 'won' and coalesce(reinstated.amount_minor, 0) <> 0)
),

judged as (
  select
    paired.*,
    {{ period_of('calendar.period', 'paired.decided_at') }} as period,
    {{ add_hours('paired.decided_at', '24 * parameters.dispute_days') }} as due_at,
    coalesce(own_key.reason, any_key.reason) as untested_reason,
    case
      when paired.status = 'won' then 'won'
      when paired.reinstated_minor = 0 and paired.receipt_ids is null then 'missing'
      when paired.reinstated_minor = 0 then 'unapplied'
      when paired.elsewhere_minor <> 0 then 'elsewhere'
      when paired.reinstated_minor <> paired.amount_minor then 'amount'
      else 'same'
    end as finding
  from paired
  cross join parameters
  left join {{ ref('entity_period') }} as calendar
    on
      calendar.source_instance = paired.erp_instance
      and calendar.legal_entity_code = paired.legal_entity_code
      and {{ utc_date('paired.decided_at') }} between calendar.first_date and calendar.last_date
  left join {{ ref('give_back_not_testable') }} as own_key
    on
      own_key.source_instance = paired.source_instance
      and own_key.key = paired.dispute_id
      and own_key.kind = 'dispute'
  left join {{ ref('give_back_not_testable') }} as any_key
    on any_key.source_instance = paired.source_instance and any_key.key is null and any_key.kind = 'dispute'
),

compared as (
  select
    source_instance,
    dispute_id as match_key,
    legal_entity_code,
    customer_id,
    currency_code,
    period,
    case when finding = 'won' then 0 else amount_minor end as left_value,
    case when finding <> 'missing' then reinstated_minor - elsewhere_minor end as right_value,
    case when finding = 'won' then 0 else amount_minor end - (reinstated_minor - elsewhere_minor) as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    finding <> 'same' as has_fault,
    'D08' as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    'Dispute ' || dispute_id || ' of ' || {{ money_words('amount_minor', 'currency_code') }}
    || ' on payment ' || payment_id
    || case finding
      when 'won'
        then
          ' was won, but the ERP reinstated ' || {{ money_words('reinstated_minor', 'currency_code') }}
          || ' on ' || {{ listed('document_ids', 'document') }} || ', which the customer does not owe'
      when 'missing'
        then
          ' was lost, and the ERP shows no receipt that takes it back: '
          || coalesce('invoice ' || invoice_id, 'what it paid') || ' still reads as paid'
      when 'unapplied'
        then
          ' was lost and is booked as ' || receipt_ids || ', but is applied to no document in its currency: '
          || coalesce('invoice ' || invoice_id, 'what it paid') || ' still reads as paid'
      when 'elsewhere'
        then
          ' was lost and is reinstated with ' || {{ money_words('elsewhere_minor', 'currency_code') }}
          || ' on ' || {{ listed('elsewhere_documents', 'document') }} || ', which that payment never settled'
      else
        ' was lost, but ' || {{ money_words('reinstated_minor', 'currency_code') }}
        || ' is reinstated on ' || {{ listed('document_ids', 'document') }}
    end as reason,
    'Not tested: ' || untested_reason as not_testable_reason,
    'dispute:' || dispute_id as left_ref,
    coalesce('ar_document:' || document_ids, 'cash_receipt:' || receipt_ids) as right_ref,
    due_at
  from judged

  union all

  select
    {{ untested_columns(
      'unknown.source_instance', 'unknown.key', 'unknown.reason', left_ref="'dispute:' || unknown.key"
    ) }}
  from {{ ref('give_back_not_testable') }} as unknown
  left join disputes on disputes.source_instance = unknown.source_instance and disputes.dispute_id = unknown.key
  where unknown.kind = 'dispute' and unknown.is_own_record and unknown.key is not null and disputes.dispute_id is null
)
{{ reconcile('compared', code='R27', tolerance='T0', domains=['billing', 'erp']) }}
