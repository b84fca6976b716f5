-- One row per line of an ERP document that was not reversed, in its cell: net and tax as posted, and the part of both
-- that cash has settled.
with lines as (
  select * from {{ ref('bridge_document_line') }}
),

settled as (
  select
    erp_instance,
    document_line_id,
    net_level as net_minor,
    tax_level as tax_minor
  from {{ ref('bridge_settled_line') }}
  where side = 'invoice' and step = 0
  union all
  -- a refunded memo was settled in cash the other way
  select
    erp_instance,
    document_line_id,
    -refunded_net_minor as net_minor,
    -refunded_tax_minor as tax_minor
  from {{ ref('bridge_credit_line') }}
)

select
  lines.source_instance,
  lines.erp_instance,
  lines.document_id,
  lines.document_type,
  lines.document_line_id,
  lines.external_id,
  lines.external_object,
  lines.billing_instance,
  lines.period,
  lines.legal_entity_code,
  lines.customer_id,
  lines.subscription_id,
  lines.sku,
  lines.service_period_start,
  lines.currency_code,
  lines.record_kind,
  lines.record_id,
  lines.billing_document_id,
  cast(lines.sign * lines.net_minor as bigint) as posted_minor,
  cast(lines.sign * lines.tax_minor as bigint) as posted_tax_minor,
  cast(settled.net_minor as bigint) as settled_minor,
  cast(settled.tax_minor as bigint) as settled_tax_minor
from lines
inner join settled on settled.erp_instance = lines.erp_instance and settled.document_line_id = lines.document_line_id
