-- One row per line of a receivable document and cause of what is not settled on it (leg D, posted less settled), net
-- and tax.
with steps as (
  select * from {{ ref('bridge_settled_line') }} where step > 0
),

posted as (
  select * from {{ ref('bridge_document_line') }}
)

select
  posted.source_instance,
  {{ bridge_cell_of('posted') }},
  steps.cause_code,
  cast(posted.sign * steps.net_minor as bigint) as amount_minor,
  cast(posted.sign * steps.tax_minor as bigint) as tax_minor,
  'ar_document_line:' || steps.document_line_id as left_ref,
  cast(null as {{ dbt.type_string() }}) as right_ref,
  steps.due_at
from steps
inner join posted on posted.erp_instance = steps.erp_instance and posted.document_line_id = steps.document_line_id
where steps.net_minor <> 0 or steps.tax_minor <> 0
