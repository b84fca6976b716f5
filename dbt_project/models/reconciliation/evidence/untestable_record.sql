-- One row per record that did not come through: rejected at the boundary, or not convertible to minor units. Results of
-- its key are not testable, because the record may be the very one that is missing. `key_text` null: its key cannot be
-- read, so no result of its object can be trusted. What the row says of itself, or the document or billing line that it
-- names, narrows what it can touch; a line whose document nobody holds can belong to its billing line's books alone.
{% set fields = [
  'external_id', 'receipt_id', 'document_id', 'source_line_id', 'legal_entity_code', 'account_number', 'currency',
  'period'
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
    quarantine.source_line_id,
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
    {{ only_value('legal_entity_code') }} as legal_entity_code
  from {{ ref('ar_document_version') }}
  group by source_instance, document_id
),

receipts as (
  {{ vendor_union('erp', 'cash_receipts', current_only=true) }}
),

applications as (
  {{ vendor_union('erp', 'cash_applications') }}
),

document_lines as (
  {{ vendor_union('erp', 'ar_document_lines') }}
),

journal_lines as (
  {{ vendor_union('erp', 'journal_lines') }}
),

unconvertible as (
  select
    rows_left_out.source_instance,
    rows_left_out.domain,
    rows_left_out.object,
    rows_left_out.key_text,
    coalesce(documents.external_id, receipts.external_id) as external_id,
    applications.receipt_id,
    coalesce(applications.document_id, document_lines.document_id) as document_id,
    document_lines.source_line_id,
    coalesce(documents.legal_entity_code, journal_lines.legal_entity_code) as legal_entity_code,
    coalesce(document_lines.account_number, journal_lines.account_number) as account_number,
    -- of a journal line it may be the base currency that does not fit
    case
      when rows_left_out.object = 'journal_lines' then journal_currencies.currency_code
      else rows_left_out.currency_code
    end as currency_code,
    coalesce(applications.period, journal_lines.period) as period,
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
  left join document_lines
    on
      rows_left_out.object = 'ar_document_lines'
      and document_lines.source_instance = rows_left_out.source_instance
      and document_lines.document_line_id = rows_left_out.key_text
  left join journal_lines
    on
      rows_left_out.object = 'journal_lines'
      and journal_lines.source_instance = rows_left_out.source_instance
      and {{ joined_key('journal_lines', ['journal_id', 'line_number']) }} = rows_left_out.key_text
  left join {{ ref('currencies') }} as journal_currencies
    on journal_currencies.currency_code = journal_lines.currency_code
),

collected as (
  select * from rejected
  union all
  select * from unconvertible
),

billed_lines as (
  select source_instance, line_id, legal_entity_code, currency_code from {{ ref('invoice_line') }}
  union all
  select source_instance, credit_note_line_id as line_id, legal_entity_code, currency_code
  from {{ ref('credit_note_line') }}
),

-- where several billing lines have the name and disagree, it may be any of them
line_books as (
  select
    collected.source_instance,
    collected.source_line_id,
    {{ only_value('billed_lines.legal_entity_code') }} as legal_entity_code,
    {{ only_value('billed_lines.currency_code') }} as currency_code
  from (select distinct source_instance, source_line_id from collected where object = 'ar_document_lines') as collected
  inner join {{ source('config', 'instance_links') }} as links
    on links.source_instance = collected.source_instance and links.domain = 'billing'
  inner join billed_lines
    on billed_lines.source_instance = links.linked_instance and billed_lines.line_id = collected.source_line_id
  group by collected.source_instance, collected.source_line_id
)

-- an application moves the account of its document, one without a document that of its receipt's entity in whatever
-- currency; a document's line stands in the books of that document
select
  collected.source_instance,
  collected.domain,
  collected.object,
  collected.key_text,
  collected.external_id,
  collected.receipt_id,
  collected.document_id,
  coalesce(
    collected.legal_entity_code, held.legal_entity_code, line_books.legal_entity_code, receipts.legal_entity_code
  ) as legal_entity_code,
  collected.account_number,
  coalesce(collected.currency_code, held.currency_code, line_books.currency_code) as currency_code,
  case
    when collected.object = 'ar_document_lines' then coalesce(collected.period, held.period)
    else collected.period
  end as period,
  collected.reason
from collected
left join {{ ref('ar_document') }} as held
  on
    collected.object in ('cash_applications', 'ar_document_lines')
    and held.source_instance = collected.source_instance
    and held.document_id = collected.document_id
left join {{ ref('cash_receipt') }} as receipts
  on
    collected.object = 'cash_applications'
    and collected.document_id is null
    and receipts.source_instance = collected.source_instance
    and receipts.receipt_id = collected.receipt_id
left join line_books
  on
    collected.object = 'ar_document_lines'
    and line_books.source_instance = collected.source_instance
    and line_books.source_line_id = collected.source_line_id
