-- One row per credit note, as it is now.
with

credit_notes as (

  {{ vendor_union('billing', 'credit_notes', current_only=true) }}

),

legal_entities as (

  select
    source_instance,
    legal_entity_code
  from {{ ref('legal_entity') }}

),

converted as (

  {{ with_minor('credit_notes', ['net_amount', 'tax_amount', 'total_amount']) }}

),

with_erp_instance as (

  {{ resolve_instance('converted', 'legal_entity_code', 'erp', 'legal_entities', 'legal_entity_code') }}

)

select
  source_instance,
  credit_note_id,
  number,
  series,
  invoice_id,
  customer_id,
  legal_entity_code,
  currency_code,
  issue_date,
  reason,
  approved_by,
  status,
  net_amount_minor,
  tax_amount_minor,
  total_amount_minor,
  correlation_id,
  updated_at,
  coalesce(status = 'issued', false) as is_live,
  erp_instance,
  content_hash
from with_erp_instance
