-- One row per line of an ERP document that was not reversed, with the cell of the billing record it stands for, its
-- net amount and the part of it that cash has settled. Cash is gross: it is split over the document's lines and their
-- tax by largest remainder, so that no minor unit is lost or made.
with documents as (
  select * from {{ ref('ar_document') }} where status <> 'reversed'
),

document_lines as (
  select * from {{ ref('ar_document_line') }}
),

applications as (
  select source_instance, document_id, cast(sum(amount_minor) as bigint) as applied_minor
  from {{ ref('cash_application') }}
  group by source_instance, document_id
),

crosswalk as (
  select * from {{ ref('erp_customer') }}
),

billed as (
  select * from {{ ref('bridge_billed') }}
),

credit_lines as (
  select source_instance, credit_note_line_id, invoice_line_id from {{ ref('credit_note_line') }}
),

lines as (
  select
    documents.source_instance as erp_instance,
    documents.document_id,
    documents.document_type,
    documents.external_id,
    documents.billing_instance,
    documents.legal_entity_code,
    documents.currency_code,
    documents.posting_date,
    documents.original_document_id,
    crosswalk.billing_customer_id,
    documents.erp_customer_id,
    document_lines.document_line_id,
    document_lines.source_line_id,
    document_lines.item_code,
    documents.sign * document_lines.amount_minor as posted_minor,
    document_lines.amount_minor as net_minor,
    coalesce(document_lines.tax_amount_minor, 0) as tax_minor,
    coalesce(applications.applied_minor, 0) as applied_minor
  from documents
  inner join document_lines
    on document_lines.source_instance = documents.source_instance and document_lines.document_id = documents.document_id
  left join applications
    on applications.source_instance = documents.source_instance and applications.document_id = documents.document_id
  left join crosswalk
    on crosswalk.source_instance = documents.source_instance and crosswalk.erp_customer_id = documents.erp_customer_id
),

-- credit memos first: what was refunded of them. The rest of a memo was applied to its invoice and lowers what its
-- line owes.
{%- for step, wanted in [('memo', "document_type <> 'invoice'"), ('invoice', "document_type = 'invoice'")] %}
{{ step }}_weights as (
  select
    lines.*,
    {%- if step == 'invoice' %}
    lines.net_minor - coalesce(credits.net_minor, 0) as net_weight,
    lines.tax_minor - coalesce(credits.tax_minor, 0) as tax_weight
    {%- else %}
    lines.net_minor as net_weight,
    lines.tax_minor as tax_weight
    {%- endif %}
  from
    lines
  {%- if step == 'invoice' %}
left join credits
  on
    credits.erp_instance = lines.erp_instance
    and credits.invoice_document_id = lines.document_id
    and credits.invoice_line_id = lines.source_line_id
  {%- endif %}
  where lines.{{ wanted }}
),

-- a document whose lines owe nothing any more is spread as it was issued
{{ step }}_parts as (
  select
    *,
    'net' as part,
    case
      when sum(net_weight + tax_weight) over (partition by erp_instance, document_id) > 0 then net_weight else net_minor
    end
      as weight
  from {{ step }}_weights
  union all
  select
    *,
    'tax' as part,
    case
      when sum(net_weight + tax_weight) over (partition by erp_instance, document_id) > 0 then tax_weight else tax_minor
    end
      as weight
  from {{ step }}_weights
),

{{ step }}_weighed as (
  select
    *,
    cast(sum(weight) over (partition by erp_instance, document_id) as {{ whole() }}) as weight_total,
    cast(applied_minor as {{ whole() }}) * cast(weight as {{ whole() }}) as product
  from {{ step }}_parts
),

{{ step }}_shared as (
  select
    *,
    case when weight_total = 0 then 0 else {{ whole_div('product', 'weight_total') }} end as whole_share,
    case when weight_total = 0 then 0 else product % weight_total end as remainder
  from {{ step }}_weighed
),

{{ step }}_ranked as (
  select
    *,
    applied_minor - sum(whole_share) over (partition by erp_instance, document_id) as left_over,
    row_number() over (
      partition by erp_instance, document_id order by abs(remainder) desc, document_line_id asc, part asc
    ) as turn
  from {{ step }}_shared
),

{{ step }}_settled as (
  select
    erp_instance,
    document_line_id,
    part,
    whole_share + case
      when weight_total <> 0 and turn <= abs(left_over) then case when left_over < 0 then -1 else 1 end
      else 0
    end as settled_minor
  from {{ step }}_ranked
),
{%- if step == 'memo' %}

credits as (
  select
    lines.erp_instance,
    lines.original_document_id as invoice_document_id,
    credit_lines.invoice_line_id,
    sum(case when memo_settled.part = 'net' then lines.net_minor + memo_settled.settled_minor else 0 end) as net_minor,
    sum(case when memo_settled.part = 'tax' then lines.tax_minor + memo_settled.settled_minor else 0 end) as tax_minor
  from lines
  inner join memo_settled
    on memo_settled.erp_instance = lines.erp_instance and memo_settled.document_line_id = lines.document_line_id
  inner join credit_lines
    on credit_lines.source_instance = lines.billing_instance and credit_lines.credit_note_line_id = lines.source_line_id
  where lines.document_type <> 'invoice' and lines.original_document_id is not null
  group by lines.erp_instance, lines.original_document_id, credit_lines.invoice_line_id
),
{% endif %}
{%- endfor %}

settled as (
  select erp_instance, document_line_id, settled_minor from memo_settled where part = 'net'
  union all
  select erp_instance, document_line_id, settled_minor from invoice_settled where part = 'net'
)

select
  lines.erp_instance,
  lines.document_id,
  lines.document_type,
  lines.document_line_id,
  lines.external_id,
  lines.billing_instance,
  lines.legal_entity_code,
  coalesce(lines.billing_customer_id, billed.customer_id, 'erp:' || lines.erp_customer_id) as customer_id,
  coalesce(billed.subscription_id, 'unallocated') as subscription_id,
  coalesce(billed.sku, 'unallocated') as sku,
  coalesce(billed.service_period_start, {{ month_start('lines.posting_date') }}) as service_period_start,
  lines.currency_code,
  billed.record_kind,
  billed.record_id,
  billed.document_id as billing_document_id,
  lines.posted_minor,
  cast(settled.settled_minor as bigint) as settled_minor
from lines
inner join settled on settled.erp_instance = lines.erp_instance and settled.document_line_id = lines.document_line_id
left join billed
  on
    billed.billing_instance = lines.billing_instance
    and billed.record_id = lines.source_line_id
    and billed.record_kind = case when lines.document_type = 'invoice' then 'invoice_line' else 'credit_note_line' end
