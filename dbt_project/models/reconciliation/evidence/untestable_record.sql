-- One row per record that did not come through: rejected at the boundary, or not convertible to minor units. Results of
-- its key are not testable, because the record may be the very one that is missing. `key_text` null: its key cannot be
-- read, so no result of its object can be trusted.
{% set fields = [
  'external_id', 'receipt_id', 'document_id', 'legal_entity_code', 'account_number', 'currency', 'period'
] %}
with quarantine as (
  select
    source_instance,
    domain,
    object,
    key_text,
    {% for field in fields %}
    case
      when coalesce(column_name, '') <> '{{ field }}' then {{ json_text('coalesce(fields, payload)', field) }}
    end as {{ field }},
    {% endfor %}
    reason
  from {{ source('landed', 'quarantine') }}
  where row_number is not null and {{ is_waiting() }}
),

-- a currency or period that is none names no cell: the row may belong to any of its account
rejected as (
  select
    quarantine.source_instance,
    quarantine.domain,
    quarantine.object,
    quarantine.key_text,
    quarantine.external_id,
    quarantine.receipt_id,
    quarantine.document_id,
    quarantine.legal_entity_code,
    quarantine.account_number,
    currencies.currency_code,
    case when quarantine.period like '____-__' then quarantine.period end as period,
    'was rejected at the boundary: ' || {{ without_place('quarantine.reason') }} as reason
  from quarantine
  left join {{ ref('currencies') }} as currencies on currencies.currency_code = quarantine.currency
),

documents as (
  select
    source_instance,
    document_id,
    min(external_id) as external_id,
    case when min(legal_entity_code) = max(legal_entity_code) then min(legal_entity_code) end as legal_entity_code
  from {{ ref('ar_document_version') }}
  group by source_instance, document_id
),

receipts as (
  {{ vendor_union('erp', 'cash_receipts', current_only=true) }}
),

applications as (
  {{ vendor_union('erp', 'cash_applications') }}
),

unconvertible as (
  select
    rows_left_out.source_instance,
    rows_left_out.domain,
    rows_left_out.object,
    rows_left_out.key_text,
    coalesce(documents.external_id, receipts.external_id) as external_id,
    applications.receipt_id,
    applications.document_id,
    documents.legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as account_number,
    rows_left_out.currency_code,
    applications.period,
    'could not be converted to minor units: ' || rows_left_out.reason as reason
  from {{ ref('unconvertible_row') }} as rows_left_out
  left join documents
    on
      rows_left_out.object = 'ar_documents'
      and documents.source_instance = rows_left_out.source_instance
      and documents.document_id = rows_left_out.key_text
  left join receipts
    on
      rows_left_out.object = 'cash_receipts'
      and receipts.source_instance = rows_left_out.source_instance
      and receipts.receipt_id = rows_left_out.key_text
  left join applications
    on
      rows_left_out.object = 'cash_applications'
      and applications.source_instance = rows_left_out.source_instance
      and applications.application_id = rows_left_out.key_text
),

collected as (
  select * from rejected
  union all
  select * from unconvertible
)

-- an application moves the account of its document
select
  collected.source_instance,
  collected.domain,
  collected.object,
  collected.key_text,
  collected.external_id,
  collected.receipt_id,
  collected.document_id,
  coalesce(collected.legal_entity_code, paid.legal_entity_code) as legal_entity_code,
  collected.account_number,
  coalesce(collected.currency_code, paid.currency_code) as currency_code,
  collected.period,
  collected.reason
from collected
left join {{ ref('ar_document') }} as paid
  on
    collected.object = 'cash_applications'
    and paid.source_instance = collected.source_instance
    and paid.document_id = collected.document_id
