-- One row per invoice line: what was billed, for which service?
with

invoice_lines as (

  {{ vendor_union('billing', 'invoice_lines') }}

),

invoices as (

  select
    source_instance,
    invoice_id,
    number,
    status,
    is_live,
    finalized_at,
    issue_date,
    currency_code,
    legal_entity_code,
    customer_id,
    erp_instance
  from {{ ref('invoice') }}

),

with_invoice as (

  select
    invoice_lines.*,
    invoices.number as invoice_number,
    invoices.status as invoice_status,
    invoices.is_live as invoice_is_live,
    invoices.finalized_at,
    invoices.issue_date,
    invoices.currency_code,
    invoices.legal_entity_code,
    invoices.customer_id,
    invoices.erp_instance
  from invoice_lines
  left join invoices
    on
      invoice_lines.source_instance = invoices.source_instance
      and invoice_lines.invoice_id = invoices.invoice_id

),

converted as (

  {{ with_minor('with_invoice', ['discount_amount', 'amount', 'tax_amount'], together=['invoice_id']) }}

)

select
  source_instance,
  line_id,
  invoice_id,
  subscription_id,
  item_id,
  sku,
  kind,
  quantity,
  unit_amount,
  discount_amount_minor,
  amount_minor,
  tax_code,
  tax_rate,
  tax_amount_minor,
  service_start,
  service_end,
  is_proration,
  invoice_number,
  invoice_status,
  invoice_is_live,
  finalized_at,
  issue_date,
  currency_code,
  legal_entity_code,
  customer_id,
  erp_instance,
  content_hash
from converted
