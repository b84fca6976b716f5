-- One row per receivable document line, as the generic vendor states it: what did the source say?
with

counted as (

  {{ current_rows(source('landed', 'generic__erp__ar_document_lines'), ['document_line_id'], 'append') }}

)

select
  source_instance,
  document_line_id,
  document_id,
  source_line_id,
  item_code,
  account_number,
  amount,
  tax_code,
  tax_amount,
  dimensions,
  content_hash
from counted
