-- One row per staged row that canonical cannot take: its amount would have to be rounded, it has no currency, or
-- its document is beyond what any can hold.
with

opportunitys as (

  {{ unconvertible(
    'crm', 'opportunities', 'opportunity', ['opportunity_id'],
    money={'currency_code': ['amount']}
  ) }}

),

contract_versions as (

  {{ unconvertible(
    'crm', 'contracts', 'contract_version', ['contract_id', 'version'],
    money={'currency_code': ['total_value']}
  ) }}

),

invoices as (

  {{ unconvertible(
    'billing', 'invoices', 'invoice', ['invoice_id'],
    money={'currency_code': ['net_amount', 'tax_amount', 'total_amount']}
  ) }}

),

credit_notes as (

  {{ unconvertible(
    'billing', 'credit_notes', 'credit_note', ['credit_note_id'],
    money={'currency_code': ['net_amount', 'tax_amount', 'total_amount']}
  ) }}

),

payments as (

  {{ unconvertible(
    'billing', 'payments', 'payment', ['payment_id'],
    money={'currency_code': ['amount', 'fee_amount']}
  ) }}

),

refunds as (

  {{ unconvertible(
    'billing', 'refunds', 'refund', ['refund_id'],
    money={'currency_code': ['amount']}
  ) }}

),

disputes as (

  {{ unconvertible(
    'billing', 'disputes', 'dispute', ['dispute_id'],
    money={'currency_code': ['amount']}
  ) }}

),

payouts as (

  {{ unconvertible(
    'billing', 'payouts', 'payout', ['payout_id'],
    money={'currency_code': ['amount']}
  ) }}

),

prepaid_grants as (

  {{ unconvertible(
    'billing', 'prepaid_grants', 'prepaid_grant', ['grant_id'],
    money={'currency_code': ['amount']}
  ) }}

),

prepaid_balances as (

  {{ unconvertible(
    'billing', 'prepaid_balances', 'prepaid_balance', ['subscription_id', 'sku', 'period'],
    money={'currency_code': ['closing_amount']}
  ) }}

),

ar_documents as (

  {{ unconvertible(
    'erp', 'ar_documents', 'ar_document', ['document_id'],
    money={'currency_code': ['net_amount', 'tax_amount', 'total_amount', 'open_amount']}
  ) }}

),

cash_receipts as (

  {{ unconvertible(
    'erp', 'cash_receipts', 'cash_receipt', ['receipt_id'],
    money={'currency_code': ['amount']}
  ) }}

),

revenue_schedules as (

  {{ unconvertible(
    'erp', 'revenue_schedules', 'revenue_schedule', ['schedule_id'],
    money={'currency_code': ['amount']}
  ) }}

),

contract_lines as (

  {{ unconvertible(
    'crm', 'contract_lines', 'contract_line', ['contract_line_id'],
    money={'currency_code': ['minimum_amount']},
    parent={'model': 'contract_version', 'object': 'contracts', 'key': {'contract_id': 'contract_id', 'version': 'version'}, 'currency': ['currency_code']}
  ) }}

),

subscription_items as (

  {{ unconvertible(
    'billing', 'subscription_items', 'subscription_item', ['item_id'],
    money={'currency_code': ['minimum_amount']},
    parent={'model': 'subscription', 'object': 'subscriptions', 'key': {'subscription_id': 'subscription_id'}, 'currency': ['currency_code']}
  ) }}

),

invoice_lines as (

  {{ unconvertible(
    'billing', 'invoice_lines', 'invoice_line', ['line_id'],
    money={'currency_code': ['discount_amount', 'amount', 'tax_amount']},
    parent={'model': 'invoice', 'object': 'invoices', 'key': {'invoice_id': 'invoice_id'}, 'currency': ['currency_code']},
    current_only=false, together=['invoice_id']
  ) }}

),

credit_note_lines as (

  {{ unconvertible(
    'billing', 'credit_note_lines', 'credit_note_line', ['credit_note_line_id'],
    money={'currency_code': ['amount', 'tax_amount']},
    parent={'model': 'credit_note', 'object': 'credit_notes', 'key': {'credit_note_id': 'credit_note_id'}, 'currency': ['currency_code']},
    current_only=false, together=['credit_note_id']
  ) }}

),

ar_document_lines as (

  {{ unconvertible(
    'erp', 'ar_document_lines', 'ar_document_line', ['document_line_id'],
    money={'currency_code': ['amount', 'tax_amount']},
    parent={'model': 'ar_document', 'object': 'ar_documents', 'key': {'document_id': 'document_id'}, 'currency': ['currency_code']},
    current_only=false, together=['document_id']
  ) }}

),

cash_applications as (

  {{ unconvertible(
    'erp', 'cash_applications', 'cash_application', ['application_id'],
    money={'currency_code': ['amount']},
    parent={'model': 'cash_receipt', 'object': 'cash_receipts', 'key': {'receipt_id': 'receipt_id'}, 'currency': ['currency_code']},
    current_only=false, together=['receipt_id', 'document_id']
  ) }}

),

journal_lines as (

  {{ unconvertible(
    'erp', 'journal_lines', 'journal_line', ['journal_id', 'line_number'],
    money={'currency_code': ['debit', 'credit'], 'base_currency_code': ['base_debit', 'base_credit']},
    parent={'model': 'legal_entity', 'object': 'legal_entities', 'key': {'legal_entity_code': 'legal_entity_code'}, 'currency': ['base_currency_code']},
    current_only=false, together=['journal_id', 'document_id']
  ) }}

),

unconvertible as (

  select * from opportunitys
  union all
  select * from contract_versions
  union all
  select * from invoices
  union all
  select * from credit_notes
  union all
  select * from payments
  union all
  select * from refunds
  union all
  select * from disputes
  union all
  select * from payouts
  union all
  select * from prepaid_grants
  union all
  select * from prepaid_balances
  union all
  select * from ar_documents
  union all
  select * from cash_receipts
  union all
  select * from revenue_schedules
  union all
  select * from contract_lines
  union all
  select * from subscription_items
  union all
  select * from invoice_lines
  union all
  select * from credit_note_lines
  union all
  select * from ar_document_lines
  union all
  select * from cash_applications
  union all
  select * from journal_lines

)

select
  source_instance,
  domain,
  object,
  key_text,
  reason_code,
  parent_object,
  parent_key_text,
  currency_code,
  column_name,
  amount_text,
  case reason_code
    when 'missing_parent'
      then
        object || ' ' || key_text || ' names ' || parent_object || ' ' || coalesce(parent_key_text, '(none)')
        || ', which is not there: its currency is unknown'
    when 'unknown_currency'
      then
        object || ' ' || key_text || ': ' || coalesce(currency_code, 'no currency')
        || ' is not a currency of ISO 4217'
    when 'too_large_together'
      then
        object || ' ' || key_text || ': the rows of its document or journal add up to more than 900,000,000,000,000 in'
        || ' major units, which no document can hold; look for amounts that grew a thousandfold, or many documents'
        || ' delivered as one'
    else
      object || ' ' || key_text || ': ' || column_name || ' ' || amount_text
      || ' has more decimals than ' || currency_code || ' allows'
  end as reason,
  content_hash
from unconvertible
