-- One row per measure, entity, currency and period: was anything booked twice, and does anything wait to be sent again?
{% set measure = [
  'kpi', 'legal_entity_code', 'currency_code', 'period', 'numerator', 'denominator', 'scale', 'formula', 'reason',
] %}
with calendar as (
  select * from {{ ref('entity_period') }} where is_company_wide
),

documents as (
  select
    billing_instance, external_object, external_id, document_type, min(legal_entity_code) as legal_entity_code,
    min(currency_code) as currency_code, min(period) as period, count(*) as copies
  from {{ ref('ar_document') }}
  where external_object is not null and billing_instance is not null and not {{ is_void_receipt('status') }}
  group by billing_instance, external_object, external_id, document_type
),

receipts as (
  select
    billing_instance, external_object, external_id, min(legal_entity_code) as legal_entity_code,
    min(currency_code) as currency_code, min(received_date) as received_date, count(*) as copies
  from {{ ref('cash_receipt') }}
  where external_object is not null and billing_instance is not null and status <> 'reversed'
  group by billing_instance, external_object, external_id
),

split_invoices as (
  select distinct source_instance, invoice_id from {{ ref('invoice_part') }}
),

-- an invoice or credit may be posted in parts: only what is beyond its amount had its effect twice
effects as (
  select
    documents.legal_entity_code, documents.currency_code, documents.period,
    case when parts.invoice_id is null then documents.copies - 1 else 0 end as surplus
  from documents
  left join split_invoices as parts
    on
      documents.external_object = 'invoice'
      and parts.source_instance = documents.billing_instance
      and parts.invoice_id = documents.external_id
  where documents.external_object <> 'credit_note'
  union all
  select
    receipts.legal_entity_code, receipts.currency_code,
    {{ period_of('calendar.period', 'receipts.received_date') }} as period, receipts.copies - 1 as surplus
  from receipts
  left join calendar
    on
      calendar.legal_entity_code = receipts.legal_entity_code
      and receipts.received_date between calendar.first_date and calendar.last_date
  union all
  select legal_entity_code, currency_code, period, case when is_surplus then 1 else 0 end as surplus
  from {{ ref('credit_memo') }}
  where document_type = 'credit_memo'
),

arrived as (
  select distinct billing_instance, external_object, external_id from documents
  union
  select distinct billing_instance, external_object, external_id from receipts
),

records as (
  select
    source_instance, 'invoice' as object, invoice_id as id, legal_entity_code, currency_code,
    issue_date as dated
  from {{ ref('invoice') }}
  where is_live
  union all
  select
    source_instance, 'credit_note' as object, credit_note_id as id, legal_entity_code, currency_code,
    issue_date as dated
  from {{ ref('credit_note') }}
  where is_live
  union all
  select
    source_instance, 'payment' as object, payment_id as id, legal_entity_code, currency_code,
    {{ utc_date('received_at') }} as dated
  from {{ ref('payment') }}
  where status = 'succeeded'
),

sent as (
  select
    records.legal_entity_code, records.currency_code,
    {{ period_of('calendar.period', 'records.dated') }} as period,
    case
      when messages.status in ('rejected', 'dead_lettered') and arrived.external_id is null then 1 else 0
    end as is_waiting
  from records
  inner join {{ ref('message_outcome') }} as messages
    on
      messages.source_instance = records.source_instance
      and messages.document_kind = records.object
      and messages.key = records.id
  left join arrived
    on
      arrived.billing_instance = records.source_instance
      and arrived.external_object = records.object
      and arrived.external_id = records.id
  left join calendar
    on
      calendar.legal_entity_code = records.legal_entity_code
      and records.dated between calendar.first_date and calendar.last_date
),

double_effects as (
  select
    'double_effect_count' as kpi, legal_entity_code, currency_code, period,
    sum(surplus) as numerator,
    1 as denominator, 1 as scale,
    'documents and receipts beyond what one billing record holds, reversed ones left out, count; target 0'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from effects
  group by legal_entity_code, currency_code, period
),

waiting as (
  select
    'replay_pending_percent' as kpi, legal_entity_code, currency_code, period,
    sum(is_waiting) as numerator,
    count(*) as denominator, 100 as scale,
    'records whose newest message was refused or dead-lettered and that are not in the ledger / records sent'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from sent
  group by legal_entity_code, currency_code, period
)

{% for part in [
  'double_effects', 'waiting',
] %}
select {{ measure | join(', ') }} from {{ part }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
