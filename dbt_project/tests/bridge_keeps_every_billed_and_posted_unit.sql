-- If this fails, a billed or posted minor unit is in no cell: the bridge would explain less than what was invoiced or
-- booked.
{{ config(meta={"dagster": {"ref": {"name": "bridge_cells"}}}) }}
with stages as (
  select
    currency_code, sum(billed_minor) as billed_minor, sum(posted_minor) as posted_minor
  from {{ ref('bridge_cells') }}
  group by currency_code
),

invoiced as (
  select currency_code, sum(amount_minor) as amount_minor
  from {{ ref('invoice_line') }}
  where invoice_is_live
  group by currency_code
),

credited as (
  select currency_code, sum(amount_minor) as amount_minor
  from {{ ref('credit_note_line') }}
  where credit_note_is_live
  group by currency_code
),

-- a document without any line is posted as its header says
line_totals as (
  select source_instance, document_id, sum(amount_minor) as amount_minor
  from {{ ref('ar_document_line') }}
  group by source_instance, document_id
),

booked as (
  select
    documents.currency_code,
    sum(documents.sign * coalesce(line_totals.amount_minor, documents.net_amount_minor)) as amount_minor
  from {{ ref('ar_document') }} as documents
  left join line_totals
    on line_totals.source_instance = documents.source_instance and line_totals.document_id = documents.document_id
  where documents.status <> 'reversed'
  group by documents.currency_code
)

select
  stages.currency_code,
  stages.billed_minor
  - coalesce(invoiced.amount_minor, 0)
  + coalesce(credited.amount_minor, 0) as billed_difference_minor,
  stages.posted_minor - coalesce(booked.amount_minor, 0) as posted_difference_minor
from stages
left join invoiced on invoiced.currency_code = stages.currency_code
left join credited on credited.currency_code = stages.currency_code
left join booked on booked.currency_code = stages.currency_code
where
  stages.billed_minor <> coalesce(invoiced.amount_minor, 0) - coalesce(credited.amount_minor, 0)
  or (
    stages.posted_minor <> coalesce(booked.amount_minor, 0)
    -- without an ERP the posted stage is taken as billed
    and exists (select 1 from {{ source('config', 'sources') }} as connected where connected.domain = 'erp')
  )
