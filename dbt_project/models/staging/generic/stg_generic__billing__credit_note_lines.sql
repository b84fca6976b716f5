-- One row per credit note line, as the generic vendor states it: what did the source say?
with

counted as (

  {{ current_rows(source('landed', 'generic__billing__credit_note_lines'), ['credit_note_line_id'], 'append') }}

)

select
  source_instance,
  credit_note_line_id,
  credit_note_id,
  invoice_line_id,
  amount,
  tax_amount,
  content_hash
from counted
