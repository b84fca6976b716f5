-- One row per credit note that no ERP document names and journal without a document of a confirmed match between them:
-- which journals post the credit, net of the invoices that they post besides?
with confirmed as (
  select * from {{ ref('matches') }} where purpose = 'net_summary' and status = 'confirmed'
)

select
  credits.purpose,
  credits.group_id,
  credits.record_instance as source_instance,
  credits.record_id as credit_note_id,
  records.record_instance as erp_instance,
  records.object,
  records.record_id
from confirmed as credits
inner join confirmed as records
  on records.group_id = credits.group_id and records.side = 'right' and records.object = 'journal'
where credits.side = 'left' and credits.object = 'credit_note'
