-- One row per prepaid drawdown, as the generic vendor states it: what did the source say?
with

counted as (

  {{ current_rows(source('landed', 'generic__billing__prepaid_drawdowns'), ['drawdown_id'], 'append') }}

)

select
  source_instance,
  drawdown_id,
  grant_id,
  invoice_line_id,
  quantity,
  drawn_at,
  content_hash
from counted
