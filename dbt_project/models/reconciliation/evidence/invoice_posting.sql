-- One row per live invoice that the ERP holds at least one unreversed posting for: which document stands for it, and
-- what is surplus? Candidates are ranked by agreement, so that a copy in another entity never takes the right
-- document's place. Documents that post it in parts stand for it together (`part_documents`); `document_id` is the
-- first of them, and `period` names all of theirs. A document, or journal without a document, that names no invoice
-- stands for those that it is matched to (`summary_count` of them together).
with invoices as (
  select * from {{ ref('invoice') }} where is_live
),

-- a customer that the ERP knows under another record cannot be meant by a record without a billing id
mapped_customers as (
  select distinct billing_instance as source_instance, billing_customer_id
  from {{ ref('erp_customer') }}
  where billing_customer_id is not null
),

candidates as (
  select
    invoices.source_instance,
    invoices.invoice_id,
    invoices.currency_code as invoice_currency_code,
    documents.erp_instance,
    documents.document_id,
    documents.legal_entity_code,
    documents.currency_code,
    documents.erp_customer_id,
    documents.billing_customer_id,
    documents.period,
    documents.posting_date,
    documents.created_at,
    documents.net_minor,
    documents.tax_minor,
    documents.gross_minor,
    documents.legal_entity_code = invoices.legal_entity_code as is_same_entity,
    documents.currency_code = invoices.currency_code as is_same_currency,
    case
      when documents.billing_customer_id is not null
        then documents.billing_customer_id = invoices.customer_id and documents.is_same_billing_instance
      when mapped_customers.billing_customer_id is not null and not documents.is_customer_rejected then false
    end as is_same_customer,
    documents.gross_minor = invoices.total_amount_minor as is_same_amount
  from invoices
  inner join {{ ref('erp_document') }} as documents
    on
      documents.source_instance = invoices.source_instance
      and documents.key = invoices.invoice_id
      and documents.external_object = 'invoice'
      and documents.document_type = 'invoice'
  left join mapped_customers
    on
      mapped_customers.source_instance = invoices.source_instance
      and mapped_customers.billing_customer_id = invoices.customer_id
),

ranked as (
  select
    *,
    row_number() over (
      partition by source_instance, invoice_id
      order by
        case when is_same_entity and is_same_currency then 0 else 1 end,
        case when coalesce(is_same_customer, true) then 0 else 1 end,
        case when is_same_amount then 0 else 1 end,
        posting_date, created_at, document_id
    ) as agreement
  from candidates
),

parts as (
  select
    source_instance,
    invoice_id,
    {{ joined_text('document_id', ', ') }} as part_documents,
    {{ joined_text('period', ', ') }} as period,
    cast(sum(net_minor) as bigint) as net_minor,
    cast(sum(tax_minor) as bigint) as tax_minor,
    cast(sum(gross_minor) as bigint) as gross_minor
  from {{ ref('invoice_part') }}
  group by source_instance, invoice_id
),

surplus as (
  select
    ranked.source_instance,
    ranked.invoice_id,
    count(*) as surplus_count,
    sum(case when ranked.is_same_currency then ranked.gross_minor else 0 end) as surplus_gross_minor,
    {{ joined_text('ranked.document_id', ', ') }} as surplus_documents
  from ranked
  left join parts on parts.source_instance = ranked.source_instance and parts.invoice_id = ranked.invoice_id
  where ranked.agreement > 1 and parts.invoice_id is null
  group by ranked.source_instance, ranked.invoice_id
)

select
  ranked.source_instance,
  ranked.invoice_id,
  ranked.erp_instance,
  ranked.document_id,
  cast(null as {{ dbt.type_string() }}) as journal_id,
  ranked.legal_entity_code,
  ranked.currency_code,
  ranked.erp_customer_id,
  ranked.billing_customer_id,
  coalesce(parts.period, ranked.period) as period,
  coalesce(parts.net_minor, ranked.net_minor) as net_minor,
  coalesce(parts.tax_minor, ranked.tax_minor) as tax_minor,
  coalesce(parts.gross_minor, ranked.gross_minor) as gross_minor,
  ranked.is_same_entity,
  ranked.is_same_currency,
  ranked.is_same_customer,
  coalesce(surplus.surplus_count, 0) as surplus_count,
  cast(coalesce(surplus.surplus_gross_minor, 0) as bigint) as surplus_gross_minor,
  surplus.surplus_documents,
  ranked.created_at as posted_at,
  cast(null as bigint) as summary_count,
  cast(null as bigint) as summary_credit_count,
  parts.part_documents
from ranked
left join parts on parts.source_instance = ranked.source_instance and parts.invoice_id = ranked.invoice_id
left join surplus on surplus.source_instance = ranked.source_instance and surplus.invoice_id = ranked.invoice_id
where ranked.agreement = 1

union all

-- posted in a summary: its own amounts are part of a posting that holds exactly the sum
select
  source_instance,
  invoice_id,
  erp_instance,
  document_id,
  journal_id,
  legal_entity_code,
  currency_code,
  erp_customer_id,
  billing_customer_id,
  period,
  net_minor,
  tax_minor,
  gross_minor,
  true as is_same_entity,
  true as is_same_currency,
  is_same_customer,
  0 as surplus_count,
  cast(0 as bigint) as surplus_gross_minor,
  cast(null as {{ dbt.type_string() }}) as surplus_documents,
  posted_at,
  invoice_count as summary_count,
  credit_count as summary_credit_count,
  cast(null as {{ dbt.type_string() }}) as part_documents
from {{ ref('summary_posting') }}
