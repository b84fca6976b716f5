-- One row per line of a posted credit memo: what of it was refunded in cash, what is left, and which line of which
-- invoice the rest lowers. Applying a credit settles nothing: it lowers what its own invoice owes. A memo that the ERP
-- used for another document than its own, by the open amounts of both, lowers nothing of its own (D11).
with lines as (
  select * from {{ ref('bridge_document_line') }}
),

memo_lines as (
  select * from lines where document_type <> 'invoice'
),

documents as (
  select * from {{ ref('ar_document') }} where status <> 'reversed'
),

applied as (
  select source_instance, document_id, cast(sum(amount_minor) as bigint) as applied_minor
  from {{ ref('document_application') }}
  where not is_other_currency
  group by source_instance, document_id
),

credit_lines as (
  select source_instance, credit_note_line_id, invoice_line_id from {{ ref('credit_note_line') }}
),

-- the document that stands for the invoice which the credit note credits; of its parts the one that the ERP names
own as (
  select
    documents.source_instance,
    documents.document_id,
    coalesce(min(parts.document_id), min(postings.document_id)) as document_id_of_invoice
  from documents
  inner join {{ ref('credit_note') }} as credit_notes
    on
      credit_notes.source_instance = documents.billing_instance
      and credit_notes.credit_note_id = documents.external_id
      and documents.external_object = 'credit_note'
  inner join {{ ref('invoice_posting') }} as postings
    on
      postings.source_instance = credit_notes.source_instance
      and postings.invoice_id = credit_notes.invoice_id
  left join {{ ref('invoice_part') }} as parts
    on
      parts.source_instance = credit_notes.source_instance
      and parts.invoice_id = credit_notes.invoice_id
      and parts.document_id = documents.original_document_id
  group by documents.source_instance, documents.document_id
),

-- what the ERP took off a memo other than by paying it out, and off an invoice other than by cash
memos as (
  select
    documents.source_instance,
    documents.document_id,
    coalesce(own.document_id_of_invoice, documents.original_document_id) as own_document_id,
    coalesce(own.document_id_of_invoice <> documents.original_document_id, false) as names_another,
    coalesce(applied.applied_minor, 0) as applied_minor,
    greatest(
      documents.total_amount_minor + coalesce(applied.applied_minor, 0) - coalesce(documents.open_amount_minor, 0), 0
    ) as used_minor
  from documents
  left join applied
    on applied.source_instance = documents.source_instance and applied.document_id = documents.document_id
  left join own on own.source_instance = documents.source_instance and own.document_id = documents.document_id
  where documents.document_type <> 'invoice'
),

originals as (
  select
    documents.source_instance,
    documents.document_id,
    documents.total_amount_minor
    - coalesce(documents.open_amount_minor, 0)
    - coalesce(applied.applied_minor, 0) as lowered_minor
  from documents
  left join applied
    on applied.source_instance = documents.source_instance and applied.document_id = documents.document_id
  where documents.document_type = 'invoice'
),

used as (
  select source_instance, own_document_id, sum(used_minor) as used_minor
  from memos
  where own_document_id is not null
  group by source_instance, own_document_id
),

judged as (
  select
    memos.source_instance,
    memos.document_id,
    memos.applied_minor,
    memos.used_minor,
    originals.document_id as own_document_id,
    originals.document_id is not null
    and memos.used_minor > 0
    and (
      memos.names_another
      or used.used_minor - greatest(originals.lowered_minor, 0) >= memos.used_minor
    ) as is_elsewhere
  from memos
  left join originals
    on originals.source_instance = memos.source_instance and originals.document_id = memos.own_document_id
  left join used
    on used.source_instance = memos.source_instance and used.own_document_id = memos.own_document_id
),

parts as (
  {%- for part in ['net', 'tax'] %}
  select
    memo_lines.erp_instance,
    memo_lines.document_id,
    memo_lines.document_line_id,
    '{{ part }}' as part,
    memo_lines.{{ part }}_minor as weight_minor,
    -judged.applied_minor as amount_minor
  from memo_lines
  inner join judged on judged.source_instance = memo_lines.erp_instance and judged.document_id = memo_lines.document_id
  {{ 'union all' if not loop.last }}
  {%- endfor %}
),

refunded as (
  {{ largest_remainder('parts', ['erp_instance', 'document_id'], ['document_line_id', 'part']) }}
),

refunds as (
  select
    erp_instance,
    document_line_id,
    sum(case when part = 'net' then share_minor else 0 end) as net_minor,
    sum(case when part = 'tax' then share_minor else 0 end) as tax_minor
  from refunded
  group by erp_instance, document_line_id
),

invoice_lines as (
  select
    erp_instance,
    document_id,
    record_id,
    min(document_line_id) as document_line_id
  from lines
  where document_type = 'invoice' and record_kind = 'invoice_line'
  group by erp_instance, document_id, record_id
)

select
  memo_lines.erp_instance,
  memo_lines.document_id,
  memo_lines.document_line_id,
  judged.own_document_id,
  judged.is_elsewhere,
  judged.used_minor,
  cast(refunds.net_minor as bigint) as refunded_net_minor,
  cast(refunds.tax_minor as bigint) as refunded_tax_minor,
  cast(memo_lines.net_minor - refunds.net_minor as bigint) as left_net_minor,
  cast(memo_lines.tax_minor - refunds.tax_minor as bigint) as left_tax_minor,
  case when not judged.is_elsewhere then invoice_lines.document_line_id end as lowered_line_id
from memo_lines
inner join judged on judged.source_instance = memo_lines.erp_instance and judged.document_id = memo_lines.document_id
inner join refunds
  on refunds.erp_instance = memo_lines.erp_instance and refunds.document_line_id = memo_lines.document_line_id
left join credit_lines
  on
    credit_lines.source_instance = memo_lines.billing_instance
    and credit_lines.credit_note_line_id = memo_lines.record_id
left join invoice_lines
  on
    invoice_lines.erp_instance = memo_lines.erp_instance
    and invoice_lines.document_id = judged.own_document_id
    and invoice_lines.record_id = credit_lines.invoice_line_id
