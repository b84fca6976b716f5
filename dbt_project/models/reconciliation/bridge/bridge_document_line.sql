-- One row per line of an ERP document that was not reversed, with the billing record it stands for and the cell of that
-- record: where does the bridge show what was posted? A document that names its billing document but no line of it is
-- spread over that document's lines by largest remainder, a summary over those of the invoices that it is matched to:
-- left unallocated, every one of their cells would look unposted.
with documents as (
  select * from {{ ref('ar_document') }} where status <> 'reversed'
),

document_lines as (
  select * from {{ ref('ar_document_line') }}
),

crosswalk as (
  select * from {{ ref('erp_customer') }}
),

billed as (
  select * from {{ ref('bridge_billed') }}
),

totals as (
  select
    source_instance,
    document_id,
    count(source_line_id) as named_lines,
    sum(amount_minor) as net_minor,
    sum(coalesce(tax_amount_minor, 0)) as tax_minor
  from document_lines
  group by source_instance, document_id
),

-- which billing documents a document stands for: the one that it names, or those of its summary
stands_for as (
  select
    source_instance as erp_instance, document_id, billing_instance, external_id as billing_document_id,
    case external_object when 'credit_note' then 'credit_note_line' else 'invoice_line' end as record_kind
  from documents
  where billing_instance is not null and external_id is not null
  union all
  select
    erp_instance, record_id as document_id, source_instance as billing_instance, invoice_id as billing_document_id,
    'invoice_line' as record_kind
  from {{ ref('summary_member') }}
  where object = 'ar_document'
),

spread_documents as (
  select stands_for.erp_instance, stands_for.document_id, min(stands_for.billing_instance) as billing_instance
  from stands_for
  inner join billed
    on
      billed.billing_instance = stands_for.billing_instance
      and billed.document_id = stands_for.billing_document_id
      and billed.record_kind = stands_for.record_kind
  group by stands_for.erp_instance, stands_for.document_id
  having sum(billed.billed_minor) <> 0
),

headers as (
  select
    documents.source_instance as erp_instance,
    documents.document_id,
    documents.document_type,
    documents.external_id,
    documents.external_object,
    coalesce(documents.billing_instance, spread_documents.billing_instance) as billing_instance,
    coalesce(documents.billing_instance, spread_documents.billing_instance, crosswalk.billing_instance)
      as source_instance,
    crosswalk.billing_customer_id,
    documents.erp_customer_id,
    documents.legal_entity_code,
    documents.currency_code,
    documents.posting_date,
    documents.period,
    documents.original_document_id,
    documents.sign,
    case documents.external_object when 'credit_note' then 'credit_note_line' else 'invoice_line' end as record_kind,
    coalesce(totals.net_minor, documents.net_amount_minor) as net_minor,
    documents.tax_amount_minor as tax_minor,
    documents.tax_amount_minor - coalesce(totals.tax_minor, 0) as header_tax_minor,
    totals.document_id is null as has_no_lines,
    spread_documents.document_id is not null and coalesce(totals.named_lines, 0) = 0 as is_unnamed
  from documents
  left join totals
    on totals.source_instance = documents.source_instance and totals.document_id = documents.document_id
  left join crosswalk
    on crosswalk.source_instance = documents.source_instance and crosswalk.erp_customer_id = documents.erp_customer_id
  left join spread_documents
    on
      spread_documents.erp_instance = documents.source_instance
      and spread_documents.document_id = documents.document_id
),

-- what the header's tax has more than its lines stands on the largest line
named as (
  select
    document_lines.source_instance,
    document_lines.document_id,
    document_lines.document_line_id,
    document_lines.source_line_id,
    document_lines.amount_minor,
    coalesce(document_lines.tax_amount_minor, 0) as tax_minor,
    row_number() over (
      partition by document_lines.source_instance, document_lines.document_id
      order by abs(document_lines.amount_minor) desc, document_lines.document_line_id
    ) as size_rank
  from document_lines
),

-- where no line of the billing document is taxed, its tax is spread as its net amount
records as (
  select
    headers.erp_instance,
    headers.document_id,
    billed.billing_instance,
    billed.record_id,
    headers.net_minor,
    headers.tax_minor,
    billed.billed_minor as net_weight,
    case
      when sum(billed.tax_minor) over (partition by headers.erp_instance, headers.document_id) = 0
        then billed.billed_minor
      else billed.tax_minor
    end as tax_weight
  from headers
  inner join stands_for
    on stands_for.erp_instance = headers.erp_instance and stands_for.document_id = headers.document_id
  inner join billed
    on
      billed.billing_instance = stands_for.billing_instance
      and billed.document_id = stands_for.billing_document_id
      and billed.record_kind = stands_for.record_kind
  where headers.is_unnamed
),

{%- for part in ['net', 'tax'] %}
{{ part }}_spread as (
  {{ largest_remainder(
    'records', ['erp_instance', 'document_id'], ['record_id', 'billing_instance'], part ~ '_minor', part ~ '_weight'
  ) }}
),
{% endfor %}

lines as (
  select
    headers.*,
    named.document_line_id,
    headers.billing_instance as record_instance,
    named.source_line_id as record_key,
    named.amount_minor as line_net_minor,
    named.tax_minor + case when named.size_rank = 1 then headers.header_tax_minor else 0 end as line_tax_minor
  from headers
  inner join named on named.source_instance = headers.erp_instance and named.document_id = headers.document_id
  where not headers.is_unnamed

  union all

  select
    headers.*,
    headers.document_id
    || case
      when headers.billing_instance = net_spread.billing_instance then '' else '|' || net_spread.billing_instance
    end
    || '|' || net_spread.record_id as document_line_id,
    net_spread.billing_instance as record_instance,
    net_spread.record_id as record_key,
    net_spread.share_minor as line_net_minor,
    tax_spread.share_minor as line_tax_minor
  from headers
  inner join net_spread
    on net_spread.erp_instance = headers.erp_instance and net_spread.document_id = headers.document_id
  inner join tax_spread
    on
      tax_spread.erp_instance = headers.erp_instance
      and tax_spread.document_id = headers.document_id
      and tax_spread.billing_instance = net_spread.billing_instance
      and tax_spread.record_id = net_spread.record_id

  union all

  -- a document without any line that stands for nothing known is one line of its own
  select
    headers.*,
    headers.document_id as document_line_id,
    headers.billing_instance as record_instance,
    cast(null as {{ dbt.type_string() }}) as record_key,
    headers.net_minor as line_net_minor,
    headers.tax_minor as line_tax_minor
  from headers
  where headers.has_no_lines and not headers.is_unnamed
)

select
  coalesce(lines.record_instance, lines.source_instance, 'unknown') as source_instance,
  lines.erp_instance,
  lines.document_id,
  lines.document_type,
  lines.document_line_id,
  lines.external_id,
  lines.external_object,
  lines.billing_instance,
  lines.erp_customer_id,
  lines.period,
  lines.original_document_id,
  lines.sign,
  coalesce(lines.legal_entity_code, 'unknown') as legal_entity_code,
  coalesce(lines.billing_customer_id, billed.customer_id, 'erp:' || lines.erp_customer_id) as customer_id,
  coalesce(billed.subscription_id, 'unallocated') as subscription_id,
  coalesce(billed.sku, 'unallocated') as sku,
  coalesce(billed.service_period_start, {{ month_start('lines.posting_date') }}) as service_period_start,
  coalesce(lines.currency_code, 'unknown') as currency_code,
  billed.record_kind,
  billed.record_id,
  billed.document_id as billing_document_id,
  lines.line_net_minor as net_minor,
  lines.line_tax_minor as tax_minor
from lines
left join billed
  on
    billed.billing_instance = lines.record_instance
    and billed.record_id = lines.record_key
    and billed.record_kind = lines.record_kind
