-- One row per invoice and ledger record of a confirmed match between them: which document or journal that names no
-- invoice posts which invoices? One to one, many to one, or many to many where a day has several postings. The credit
-- notes of the same matches are in `summary_credit`.
with confirmed as (
  select * from {{ ref('matches') }} where purpose in ('posting', 'summary', 'net_summary') and status = 'confirmed'
)

select
  invoices.purpose,
  invoices.group_id,
  invoices.record_instance as source_instance,
  invoices.record_id as invoice_id,
  records.record_instance as erp_instance,
  records.object,
  records.record_id
from confirmed as invoices
inner join confirmed as records
  on records.purpose = invoices.purpose and records.group_id = invoices.group_id and records.side = 'right'
where invoices.side = 'left' and invoices.object = 'invoice'
