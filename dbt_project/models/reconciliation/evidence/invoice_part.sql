-- One row per ERP document that posts a part of an invoice: several of one sign, in the invoice's entity and currency
-- and on one customer's account, whose net, tax and gross add up exactly to the invoice. Where they do not add up,
-- nobody knows which of them is too much, and all but one are surplus.
with documents as (
  select
    postings.*,
    invoices.net_amount_minor as invoice_net_minor,
    invoices.tax_amount_minor as invoice_tax_minor,
    invoices.total_amount_minor as invoice_gross_minor,
    postings.legal_entity_code = invoices.legal_entity_code
    and postings.currency_code = invoices.currency_code
    and coalesce(postings.billing_customer_id, invoices.customer_id) = invoices.customer_id
    and postings.is_same_billing_instance as is_here
  from {{ ref('erp_document') }} as postings
  inner join {{ ref('invoice') }} as invoices
    on invoices.source_instance = postings.source_instance and invoices.invoice_id = postings.key
  where
    postings.external_object = 'invoice' and postings.document_type = 'invoice' and invoices.is_live
    and invoices.total_amount_minor <> 0
),

whole as (
  select source_instance, key
  from documents
  group by source_instance, key
  having
    count(*) > 1
    and count(*) = count(case when is_here then 1 end)
    and count(distinct erp_instance || '|' || erp_customer_id) = 1
    and min(sign(gross_minor)) = max(sign(invoice_gross_minor))
    and max(sign(gross_minor)) = max(sign(invoice_gross_minor))
    and sum(gross_minor) = max(invoice_gross_minor)
    and sum(net_minor) = max(invoice_net_minor)
    and sum(tax_minor) = max(invoice_tax_minor)
)

select
  documents.source_instance,
  documents.key as invoice_id,
  documents.erp_instance,
  documents.document_id,
  documents.period,
  documents.net_minor,
  documents.tax_minor,
  documents.gross_minor
from documents
inner join whole on whole.source_instance = documents.source_instance and whole.key = documents.key
