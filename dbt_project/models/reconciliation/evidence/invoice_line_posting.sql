-- One row per live invoice: how many lines it has, and what those are worth that the ERP document does not show.
-- A line is dropped only where the ERP names source lines at all; otherwise there is no evidence either way.
{{ config(materialized='view') }}
with billed as (
  select * from {{ ref('invoice_line') }} where invoice_is_live
),

posted as (
  select distinct
    billing_instance as source_instance,
    external_id as invoice_id,
    source_line_id as line_id
  from {{ ref('ar_document_line') }}
  where external_object = 'invoice' and document_status <> 'reversed' and source_line_id is not null
),

-- a document without a single line dropped them all
documents_with_lines as (
  select source_instance, invoice_id from posted
  union
  select documents.billing_instance as source_instance, documents.external_id as invoice_id
  from {{ ref('ar_document') }} as documents
  left join {{ ref('ar_document_line') }} as lines
    on lines.source_instance = documents.source_instance and lines.document_id = documents.document_id
  where documents.external_object = 'invoice' and documents.status <> 'reversed'
  group by documents.billing_instance, documents.external_id
  having count(lines.document_line_id) = 0
)

select
  billed.source_instance,
  billed.invoice_id,
  count(*) as line_count,
  count(*) filter (where posted.line_id is null and documents_with_lines.invoice_id is not null) as dropped_count,
  cast(
    coalesce(
      sum(billed.amount_minor + billed.tax_amount_minor)
      filter (where posted.line_id is null and documents_with_lines.invoice_id is not null),
      0
    ) as bigint
  ) as dropped_gross_minor,
  {{ joined_text(
    "case when posted.line_id is null and documents_with_lines.invoice_id is not null then billed.line_id end", ', '
  ) }} as dropped_lines
from billed
left join posted
  on
    posted.source_instance = billed.source_instance
    and posted.invoice_id = billed.invoice_id
    and posted.line_id = billed.line_id
left join documents_with_lines
  on
    documents_with_lines.source_instance = billed.source_instance
    and documents_with_lines.invoice_id = billed.invoice_id
group by billed.source_instance, billed.invoice_id
