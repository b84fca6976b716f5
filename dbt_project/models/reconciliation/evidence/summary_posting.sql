-- One row per invoice that no ERP document names but that a confirmed match finds in one: which document, or documents,
-- hold it together with others? Only where net and tax of both sides are equal too: equal gross alone could hide a
-- wrong tax code.
with confirmed as (
  select * from {{ ref('matches') }} where purpose = 'posting' and status = 'confirmed'
),

invoices as (
  select * from {{ ref('invoice') }}
),

documents as (
  select * from {{ ref('ar_document') }}
),

posted as (
  select
    confirmed.group_id,
    confirmed.source_instance,
    count(*) as document_count,
    {{ joined_text('documents.document_id', ', ') }} as document_id,
    max(documents.period) as period,
    min(documents.erp_customer_id) as erp_customer_id,
    sum(documents.net_amount_minor) as net_minor
  from confirmed
  inner join documents
    on documents.source_instance = confirmed.record_instance and documents.document_id = confirmed.record_id
  where confirmed.side = 'right'
  group by confirmed.group_id, confirmed.source_instance
),

billed as (
  select
    invoices.*,
    confirmed.group_id,
    sum(invoices.net_amount_minor) over (partition by confirmed.source_instance, confirmed.group_id) as group_net_minor
  from confirmed
  inner join invoices
    on invoices.source_instance = confirmed.record_instance and invoices.invoice_id = confirmed.record_id
  where confirmed.side = 'left'
)

select
  billed.source_instance,
  billed.invoice_id,
  posted.document_id,
  posted.document_count,
  billed.legal_entity_code,
  billed.currency_code,
  posted.erp_customer_id,
  billed.customer_id as billing_customer_id,
  posted.period,
  billed.net_amount_minor as net_minor,
  billed.tax_amount_minor as tax_minor,
  billed.total_amount_minor as gross_minor,
  billed.group_id
from billed
inner join posted on posted.group_id = billed.group_id and posted.source_instance = billed.source_instance
where posted.net_minor = billed.group_net_minor
