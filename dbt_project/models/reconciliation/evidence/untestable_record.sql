-- One row per record that did not come through: rejected at the boundary, or not convertible to minor units. Results of
-- its key are not testable, because the record may be the very one that is missing. `key_text` null: its key cannot be
-- read, so no result of its object can be trusted.
with rejected as (
  select
    source_instance,
    domain,
    object,
    key_text,
    {{ json_text('payload', 'external_id') }} as external_id,
    {{ json_text('payload', 'receipt_id') }} as receipt_id,
    {{ json_text('payload', 'document_id') }} as document_id,
    {{ json_text('payload', 'legal_entity_code') }} as legal_entity_code,
    {{ json_text('payload', 'account_number') }} as account_number,
    {{ json_text('payload', 'currency') }} as currency_code,
    {{ json_text('payload', 'period') }} as period,
    'was rejected at the boundary: ' || reason as reason
  from {{ source('landed', 'quarantine') }}
  where row_number is not null
),

documents as (
  select source_instance, document_id, min(external_id) as external_id
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
    cast(null as {{ dbt.type_string() }}) as legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as account_number,
    rows_left_out.currency_code,
    cast(null as {{ dbt.type_string() }}) as period,
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
)

select * from rejected
union all
select * from unconvertible
