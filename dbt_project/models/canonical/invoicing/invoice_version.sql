-- One row per version of a invoice: what was known when? Amounts that cannot be converted are null.
with

invoices as (

  {{ vendor_union('billing', 'invoices') }}

),

converted as (

  {{ with_minor('invoices', ['net_amount', 'tax_amount', 'total_amount'], keep_all=true) }}

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
  valid_from,
  valid_to,
  is_current,
  content_hash
from converted
