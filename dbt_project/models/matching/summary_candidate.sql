-- One row per live invoice that no ERP document names, and per posting that stands for no customer: a document on an
-- account that is no customer of billing, a journal of source billing without a document. Which of them posts the
-- invoices of many customers at once? Within the ERP that keeps the entity's books, so that a posting is matched once
-- whichever billing engine its invoices come from. Where issued credit notes are unposted too, a journal may be net of
-- them (`net_summary`); a document is an invoice or a credit memo, never both.
with invoices as (
  select * from {{ ref('posting_candidate') }} where side = 'left' and erp_instance is not null
),

posted_credits as (
  select distinct billing_instance as source_instance, external_id as credit_note_id
  from {{ ref('ar_document') }}
  where external_object = 'credit_note' and billing_instance is not null
),

credits as (
  select credit_notes.*
  from {{ ref('credit_note') }} as credit_notes
  left join posted_credits
    on
      posted_credits.source_instance = credit_notes.source_instance
      and posted_credits.credit_note_id = credit_notes.credit_note_id
  where credit_notes.is_live and credit_notes.erp_instance is not null and posted_credits.credit_note_id is null
),

crediting as (
  select distinct erp_instance, legal_entity_code, currency_code from credits
),

documents as (
  select * from {{ ref('ar_document') }} where document_type = 'invoice'
),

crosswalk as (
  select * from {{ ref('erp_customer') }} where billing_customer_id is not null
),

journals as (
  select * from {{ ref('lone_journal') }}
),

postings as (
  select
    documents.source_instance,
    'ar_document' as object,
    documents.document_id as record_id,
    documents.legal_entity_code,
    documents.currency_code,
    documents.total_amount_minor as amount_minor,
    documents.document_date as dated,
    {{ text_list(['documents.external_id', 'documents.number', 'documents.correlation_id']) }} as refs,
    documents.net_amount_minor as net_minor,
    documents.tax_amount_minor as tax_minor
  from documents
  left join crosswalk
    on crosswalk.source_instance = documents.source_instance and crosswalk.erp_customer_id = documents.erp_customer_id
  where documents.external_object is null and documents.status <> 'reversed' and crosswalk.erp_customer_id is null
  union all
  select
    source_instance,
    'journal' as object,
    journal_id as record_id,
    legal_entity_code,
    currency_code,
    gross_minor as amount_minor,
    posting_date as dated,
    {{ text_list(['journal_id']) }} as refs,
    net_minor,
    tax_minor
  from journals
  where gross_minor <> 0
),

sides as (
  select
    'summary' as purpose,
    'left' as side,
    erp_instance as source_instance,
    object,
    record_id,
    record_instance,
    legal_entity_code,
    currency_code,
    amount_minor,
    dated,
    refs,
    net_minor,
    tax_minor
  from invoices
  union all
  select
    'net_summary' as purpose,
    'left' as side,
    erp_instance as source_instance,
    'credit_note' as object,
    credit_note_id as record_id,
    source_instance as record_instance,
    legal_entity_code,
    currency_code,
    -total_amount_minor as amount_minor,
    issue_date as dated,
    {{ text_list(['credit_note_id', 'number', 'correlation_id']) }} as refs,
    -net_amount_minor as net_minor,
    -tax_amount_minor as tax_minor
  from credits
  union all
  select
    'summary' as purpose,
    'right' as side,
    source_instance,
    object,
    record_id,
    source_instance as record_instance,
    legal_entity_code,
    currency_code,
    amount_minor,
    dated,
    refs,
    net_minor,
    tax_minor
  from postings
),

-- where a credit is unposted all are looked at again, net of it
purposed as (
  select * from sides where purpose = 'net_summary' or object <> 'journal' or amount_minor > 0
  union all
  select
    'net_summary' as purpose, sides.side, sides.source_instance, sides.object, sides.record_id, sides.record_instance,
    sides.legal_entity_code, sides.currency_code, sides.amount_minor, sides.dated, sides.refs, sides.net_minor,
    sides.tax_minor
  from sides
  inner join crediting
    on
      crediting.erp_instance = sides.source_instance
      and crediting.legal_entity_code = sides.legal_entity_code
      and crediting.currency_code = sides.currency_code
  where sides.purpose = 'summary' and sides.object <> 'ar_document'
)

select
  purpose,
  side,
  source_instance,
  object,
  record_id,
  record_instance,
  legal_entity_code,
  cast(null as {{ dbt.type_string() }}) as customer_id,
  currency_code,
  amount_minor,
  dated,
  refs,
  net_minor,
  tax_minor,
  source_instance as erp_instance
from purposed
