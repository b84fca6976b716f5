-- One row per invoice that stands in billing and in the ERP: do both say the same about it, each in its own words? A
-- difference may last the master data window after the later change; then the systems have lost touch.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

invoices as (
  select * from {{ ref('invoice') }}
),

meanings as (
  select * from {{ ref('status_meanings') }}
),

documents as (
  select * from {{ ref('ar_document') }}
),

not_testable as (
  select * from {{ ref('billing_key_not_testable') }} where kind = 'invoice'
),

-- the document that stands for a live invoice, of parts one that is still owed; of a void or draft one any that still
-- lives, else the reversed one
ranked as (
  select
    documents.billing_instance as source_instance,
    documents.external_id as invoice_id,
    documents.source_instance as erp_instance,
    documents.document_id,
    documents.status,
    documents.open_amount_minor,
    documents.currency_code,
    row_number() over (
      partition by documents.billing_instance, documents.external_id
      order by
        case when coalesce(posting.document_id, parts.document_id) = documents.document_id then 0 else 1 end,
        case when documents.status = 'reversed' then 1 else 0 end,
        case when parts.document_id is not null and documents.open_amount_minor <> 0 then 0 else 1 end,
        documents.created_at,
        documents.document_id
    ) as preference
  from documents
  left join {{ ref('invoice_posting') }} as posting
    on
      posting.source_instance = documents.billing_instance
      and posting.invoice_id = documents.external_id
      and posting.document_id = documents.document_id
  left join {{ ref('invoice_part') }} as parts
    on parts.erp_instance = documents.source_instance and parts.document_id = documents.document_id
  where documents.external_object = 'invoice' and documents.document_type = 'invoice'
),

-- the newest change of the status itself: a later touch of the row must not open the window again
invoice_changes as (
  select
    versions.source_instance,
    versions.invoice_id,
    coalesce(
      max(case when versions.status <> invoices.status then versions.valid_to end), min(versions.valid_from)
    ) as changed_at
  from {{ ref('invoice_version') }} as versions
  inner join invoices
    on invoices.source_instance = versions.source_instance and invoices.invoice_id = versions.invoice_id
  group by versions.source_instance, versions.invoice_id
),

document_changes as (
  select
    versions.source_instance,
    versions.document_id,
    coalesce(
      max(case when versions.status <> documents.status then versions.valid_to end), min(versions.valid_from)
    ) as changed_at
  from {{ ref('ar_document_version') }} as versions
  inner join documents
    on documents.source_instance = versions.source_instance and documents.document_id = versions.document_id
  group by versions.source_instance, versions.document_id
),

paired as (
  select
    invoices.source_instance,
    invoices.invoice_id,
    invoices.legal_entity_code,
    invoices.customer_id,
    invoices.currency_code,
    invoices.issue_date as filed_on,
    invoices.status as invoice_status,
    invoice_meanings.meaning as invoice_meaning,
    ranked.document_id,
    ranked.status as document_status,
    document_meanings.meaning as document_meaning,
    ranked.open_amount_minor,
    ranked.currency_code as document_currency_code,
    greatest(
      coalesce(invoice_changes.changed_at, invoices.updated_at),
      coalesce(document_changes.changed_at, invoices.updated_at)
    ) as changed_at,
    coalesce(own_key.reason, any_key.reason) as key_not_testable_reason
  from invoices
  inner join ranked
    on
      ranked.source_instance = invoices.source_instance
      and ranked.invoice_id = invoices.invoice_id
      and ranked.preference = 1
  left join meanings as invoice_meanings
    on
      invoice_meanings.domain = 'billing'
      and invoice_meanings.object = 'invoices'
      and invoice_meanings.status = lower(trim(invoices.status))
  left join meanings as document_meanings
    on
      document_meanings.domain = 'erp'
      and document_meanings.object = 'ar_documents'
      and document_meanings.status = lower(trim(ranked.status))
  left join invoice_changes
    on
      invoice_changes.source_instance = invoices.source_instance
      and invoice_changes.invoice_id = invoices.invoice_id
  left join document_changes
    on
      document_changes.source_instance = ranked.erp_instance
      and document_changes.document_id = ranked.document_id
  left join not_testable as own_key
    on own_key.source_instance = invoices.source_instance and own_key.key = invoices.invoice_id
  left join not_testable as any_key on any_key.source_instance = invoices.source_instance and any_key.key is null
),

-- what billing has given up is in the ledger still owed, or settled by the write-off
judged as (
  select
    *,
    coalesce(
      invoice_meaning = document_meaning or (invoice_meaning = 'given up' and document_meaning in ('owed', 'settled')),
      false
    ) as is_same
  from paired
),

compared as (
  select
    judged.source_instance,
    judged.invoice_id as match_key,
    judged.legal_entity_code,
    judged.customer_id,
    judged.currency_code,
    judged.filed_on,
    1 as left_value,
    case when judged.is_same then 1 else 0 end as right_value,
    cast(null as bigint) as delta_minor,
    cast(case when judged.is_same then 0 else 1 end as decimal(38, 9)) as delta_quantity,
    false as has_fault,
    'status lag' as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    'Billing calls invoice ' || judged.invoice_id || ' ' || judged.invoice_status || ' (' || judged.invoice_meaning
    || '), but document ' || judged.document_id || ' in the ERP is ' || judged.document_status || ' ('
    || judged.document_meaning || ')'
    || case
      when judged.open_amount_minor <> 0
        then
          ' with ' || {{ money_words('judged.open_amount_minor', 'judged.document_currency_code') }} || ' open'
      else ''
    end
    || '; neither has changed since ' || cast(judged.changed_at as {{ dbt.type_string() }}) || ' UTC' as reason,
    case
      when judged.key_not_testable_reason is not null then 'Not tested: ' || judged.key_not_testable_reason
      when judged.invoice_meaning is null
        then
          'Not tested: status ' || coalesce(judged.invoice_status, '(none)') || ' of invoice ' || judged.invoice_id
          || ' has no meaning in seeds/status_meanings.csv'
      when judged.document_meaning is null
        then
          'Not tested: status ' || coalesce(judged.document_status, '(none)') || ' of document ' || judged.document_id
          || ' has no meaning in seeds/status_meanings.csv'
    end as not_testable_reason,
    'invoice:' || judged.invoice_id as left_ref,
    'ar_document:' || judged.document_id as right_ref,
    {{ add_hours('judged.changed_at', 'parameters.master_data_hours') }} as due_at
  from judged
  cross join parameters
)
{{ reconcile('compared', code='R17', tolerance='T0', measure='quantity', by_date=true, domains=['billing', 'erp']) }}
