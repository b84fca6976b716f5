-- One row per legal entity and accounting period: is it open, and which days does it hold?
with

accounting_periods as (

  {{ vendor_union('erp', 'accounting_periods', current_only=true) }}

)

select
  source_instance,
  legal_entity_code,
  period,
  start_date,
  end_date,
  status,
  closed_at,
  updated_at,
  content_hash
from accounting_periods
