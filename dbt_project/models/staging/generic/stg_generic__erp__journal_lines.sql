-- One row per journal line, as the generic vendor states it: what did the source say?
with

counted as (

  {{ current_rows(source('landed', 'generic__erp__journal_lines'), ['journal_id', 'line_number'], 'append') }}

)

select
  source_instance,
  journal_id,
  line_number,
  legal_entity_code,
  account_number,
  posting_date,
  period,
  currency as currency_code,
  debit,
  credit,
  base_debit,
  base_credit,
  source,
  document_id,
  dimensions,
  counterparty_entity_code,
  entered_by,
  approved_by,
  reversal_of,
  created_at,
  content_hash
from counted
