-- One row per line of a live invoice with its billing month: what counts as billed? A line of an invoice that was issued twice
-- (R13's) or replaced by a later live one is marked, because its quantity was billed once, not twice.
with lines as (
  select * from {{ ref('invoice_line') }} where invoice_is_live
),

invoices as (
  select * from {{ ref('invoice') }}
),

replacements as (
  select source_instance, replaces_invoice_id, min(invoice_id) as replaced_by
  from invoices
  where is_live and replaces_invoice_id is not null
  group by source_instance, replaces_invoice_id
)

select
  lines.source_instance as billing_instance,
  lines.line_id,
  lines.invoice_id,
  lines.invoice_number,
  lines.subscription_id,
  lines.item_id,
  lines.sku,
  lines.kind,
  lines.quantity,
  lines.unit_amount,
  lines.discount_amount_minor,
  lines.amount_minor,
  lines.service_start,
  lines.service_end,
  lines.is_proration,
  lines.finalized_at,
  lines.issue_date,
  lines.currency_code,
  lines.legal_entity_code,
  lines.customer_id,
  {{ month_start('lines.service_start') }} as service_month,
  invoices.is_duplicate_of,
  replacements.replaced_by,
  invoices.is_duplicate_of is null and replacements.replaced_by is null as is_counted
from lines
inner join invoices on invoices.source_instance = lines.source_instance and invoices.invoice_id = lines.invoice_id
left join replacements
  on replacements.source_instance = lines.source_instance and replacements.replaces_invoice_id = lines.invoice_id
