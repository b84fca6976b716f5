-- One row per credit note line; amounts are positive.
with

credit_note_lines as (

  {{ vendor_union('billing', 'credit_note_lines') }}

),

credit_notes as (

  select
    source_instance,
    credit_note_id,
    invoice_id,
    status,
    is_live,
    issue_date,
    reason,
    currency_code,
    legal_entity_code,
    customer_id,
    erp_instance
  from {{ ref('credit_note') }}

),

invoice_lines as (

  select
    source_instance,
    line_id,
    subscription_id,
    sku,
    kind,
    service_start,
    service_end
  from {{ ref('invoice_line') }}

),

with_credit_note as (

  select
    credit_note_lines.*,
    credit_notes.status as credit_note_status,
    credit_notes.is_live as credit_note_is_live,
    credit_notes.issue_date,
    credit_notes.reason,
    credit_notes.invoice_id,
    invoice_lines.subscription_id,
    invoice_lines.sku,
    invoice_lines.kind,
    invoice_lines.service_start,
    invoice_lines.service_end,
    credit_notes.currency_code,
    credit_notes.legal_entity_code,
    credit_notes.customer_id,
    credit_notes.erp_instance
  from credit_note_lines
  left join credit_notes
    on
      credit_note_lines.source_instance = credit_notes.source_instance
      and credit_note_lines.credit_note_id = credit_notes.credit_note_id
  left join invoice_lines
    on
      credit_note_lines.source_instance = invoice_lines.source_instance
      and credit_note_lines.invoice_line_id = invoice_lines.line_id

),

converted as (

  {{ with_minor('with_credit_note', ['amount', 'tax_amount'], together=['credit_note_id']) }}

)

select
  source_instance,
  credit_note_line_id,
  credit_note_id,
  invoice_line_id,
  amount_minor,
  tax_amount_minor,
  credit_note_status,
  credit_note_is_live,
  issue_date,
  reason,
  invoice_id,
  subscription_id,
  sku,
  kind,
  service_start,
  service_end,
  currency_code,
  legal_entity_code,
  customer_id,
  erp_instance,
  content_hash
from converted
