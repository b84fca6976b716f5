-- One row per invoice, as it is now.
with

invoices as (

  {{ vendor_union('billing', 'invoices', current_only=true) }}

),

invoice_lines as (

  {{ vendor_union('billing', 'invoice_lines') }}

),

legal_entities as (

  select
    source_instance,
    legal_entity_code
  from {{ ref('legal_entity') }}

),

converted as (

  {{ with_minor('invoices', ['net_amount', 'tax_amount', 'total_amount']) }}

),

live_invoices as (

  select
    source_instance,
    invoice_id,
    customer_id,
    currency_code,
    finalized_at,
    replaces_invoice_id
  from converted
  where
    status not in ('draft', 'void')
    and finalized_at is not null

),

live_lines as (

  -- copy_number tells equal lines of one invoice apart, so that each is paired once
  select
    live_invoices.source_instance,
    live_invoices.invoice_id,
    live_invoices.customer_id,
    live_invoices.currency_code,
    live_invoices.finalized_at,
    live_invoices.replaces_invoice_id,
    invoice_lines.subscription_id,
    invoice_lines.sku,
    invoice_lines.kind,
    invoice_lines.service_start,
    invoice_lines.service_end,
    invoice_lines.quantity,
    invoice_lines.amount,
    row_number() over (
      partition by
        live_invoices.source_instance, live_invoices.invoice_id,
        invoice_lines.subscription_id, invoice_lines.sku, invoice_lines.kind,
        invoice_lines.service_start, invoice_lines.service_end, invoice_lines.quantity, invoice_lines.amount
      order by invoice_lines.line_id
    ) as copy_number,
    count(*) over (partition by live_invoices.source_instance, live_invoices.invoice_id) as line_count
  from live_invoices
  inner join invoice_lines
    on
      live_invoices.source_instance = invoice_lines.source_instance
      and live_invoices.invoice_id = invoice_lines.invoice_id

),

billed_again as (

  select
    later.source_instance,
    later.invoice_id,
    earlier.invoice_id as earlier_invoice_id,
    earlier.finalized_at as earlier_finalized_at
  from live_lines as later
  inner join live_lines as earlier
    on
      later.source_instance = earlier.source_instance
      and later.customer_id = earlier.customer_id
      and later.currency_code = earlier.currency_code
      and later.subscription_id = earlier.subscription_id
      and later.sku = earlier.sku
      and later.kind = earlier.kind
      and later.service_start = earlier.service_start
      and later.service_end = earlier.service_end
      and later.quantity = earlier.quantity
      and later.amount = earlier.amount
      and later.copy_number = earlier.copy_number
      and later.line_count = earlier.line_count
  where
    (
      earlier.finalized_at < later.finalized_at
      or (earlier.finalized_at = later.finalized_at and earlier.invoice_id < later.invoice_id)
    )
    and later.replaces_invoice_id is distinct from earlier.invoice_id
  group by
    later.source_instance, later.invoice_id, earlier.invoice_id, earlier.finalized_at, later.line_count
  having count(*) = later.line_count

),

duplicates as (

  select
    source_instance,
    invoice_id,
    earlier_invoice_id
  from billed_again
  qualify
    row_number() over (
      partition by source_instance, invoice_id
      order by earlier_finalized_at, earlier_invoice_id
    ) = 1

),

with_erp_instance as (

  {{ resolve_instance('converted', 'legal_entity_code', 'erp', 'legal_entities', 'legal_entity_code') }}

),

marked as (

  select
    with_erp_instance.*,
    live_invoices.invoice_id is not null as is_live,
    duplicates.earlier_invoice_id as is_duplicate_of
  from with_erp_instance
  left join live_invoices
    on
      with_erp_instance.source_instance = live_invoices.source_instance
      and with_erp_instance.invoice_id = live_invoices.invoice_id
  left join duplicates
    on
      with_erp_instance.source_instance = duplicates.source_instance
      and with_erp_instance.invoice_id = duplicates.invoice_id

)

select
  source_instance,
  invoice_id,
  number,
  series,
  customer_id,
  legal_entity_code,
  currency_code,
  issue_date,
  finalized_at,
  due_date,
  status,
  net_amount_minor,
  tax_amount_minor,
  total_amount_minor,
  replaces_invoice_id,
  correlation_id,
  updated_at,
  is_live,
  is_duplicate_of,
  erp_instance,
  content_hash
from marked
