-- One row per invoice that no ERP document names but that a confirmed match finds in the ledger: which documents or
-- journals hold it together with others, and on which day were they made? Net and tax of both sides are equal where the
-- ledger shows them, else the match were only suggested.
with members as (
  select * from {{ ref('summary_member') }}
),

invoices as (
  select * from {{ ref('invoice') }}
),

records as (
  select
    source_instance as erp_instance, 'ar_document' as object, document_id as record_id, period, created_at,
    erp_customer_id
  from {{ ref('ar_document') }}
  union all
  select
    source_instance as erp_instance, 'journal' as object, journal_id as record_id, min(period) as period,
    min(created_at) as created_at, cast(null as {{ dbt.type_string() }}) as erp_customer_id
  from {{ ref('lone_journal') }}
  group by source_instance, journal_id
),

group_records as (
  select distinct purpose, group_id, erp_instance, object, record_id from members
),

posted as (
  select
    group_records.purpose,
    group_records.group_id,
    min(group_records.erp_instance) as erp_instance,
    {{ joined_text("case when records.object = 'ar_document' then records.record_id end", ', ') }} as document_id,
    {{ joined_text("case when records.object = 'journal' then records.record_id end", ', ') }} as journal_id,
    max(records.period) as period,
    max(records.created_at) as posted_at,
    min(records.erp_customer_id) as erp_customer_id
  from group_records
  inner join records
    on
      records.erp_instance = group_records.erp_instance
      and records.object = group_records.object
      and records.record_id = group_records.record_id
  group by group_records.purpose, group_records.group_id
),

group_credits as (
  select purpose, group_id, count(distinct source_instance || '|' || credit_note_id) as credit_count
  from {{ ref('summary_credit') }}
  group by purpose, group_id
),

group_invoices as (
  select distinct purpose, group_id, source_instance, invoice_id from members
),

billed as (
  select
    group_invoices.purpose,
    group_invoices.group_id,
    invoices.*,
    count(*) over (partition by group_invoices.purpose, group_invoices.group_id) as invoice_count,
    min(invoices.customer_id) over (partition by group_invoices.purpose, group_invoices.group_id)
    <> max(invoices.customer_id) over (partition by group_invoices.purpose, group_invoices.group_id)
      as is_of_several_customers
  from group_invoices
  inner join invoices
    on
      invoices.source_instance = group_invoices.source_instance
      and invoices.invoice_id = group_invoices.invoice_id
)

select
  billed.source_instance,
  billed.invoice_id,
  posted.erp_instance,
  posted.document_id,
  posted.journal_id,
  billed.legal_entity_code,
  billed.currency_code,
  posted.erp_customer_id,
  case when billed.purpose = 'posting' then billed.customer_id end as billing_customer_id,
  -- a document of one customer's invoices on an account that is nobody's may be on the wrong one
  case
    when billed.purpose = 'posting' or billed.is_of_several_customers or posted.document_id is null then true
  end as is_same_customer,
  posted.period,
  posted.posted_at,
  billed.net_amount_minor as net_minor,
  billed.tax_amount_minor as tax_minor,
  billed.total_amount_minor as gross_minor,
  billed.group_id,
  billed.invoice_count,
  coalesce(group_credits.credit_count, 0) as credit_count
from billed
inner join posted on posted.purpose = billed.purpose and posted.group_id = billed.group_id
left join group_credits on group_credits.purpose = billed.purpose and group_credits.group_id = billed.group_id
