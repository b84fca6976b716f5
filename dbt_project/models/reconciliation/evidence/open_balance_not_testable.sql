-- One row per invoice whose open balance cannot be told: its own record, its document, or a payment, credit note or
-- application of it did not come through. `invoice_id` null: a row that cannot be read may belong to any invoice.
with keys as (
  select * from {{ ref('billing_key_not_testable') }}
),

rejected as (
  {% for object in ['payments', 'credit_notes'] %}
  select
    source_instance,
    invoice_id,
    'a row of {{ object }}' || coalesce(' ' || key_text, ' whose key cannot be read')
    || ' was rejected at the boundary: ' || reason as reason
  from ({{ quarantined_rows('billing', object, ['invoice_id']) }}) as {{ object }}
  where invoice_id is not null
  {{ 'union all' if not loop.last }}
  {% endfor %}
),

applications as (
  select
    documents.billing_instance as source_instance,
    documents.external_id as invoice_id,
    'a cash application of document ' || records.document_id || ' ' || records.reason as reason
  from {{ ref('untestable_record') }} as records
  inner join {{ ref('ar_document') }} as documents
    on documents.source_instance = records.source_instance and documents.document_id = records.document_id
  where records.object = 'cash_applications' and records.domain = 'erp' and documents.external_object = 'invoice'
),

collected as (
  select source_instance, key as invoice_id, reason from keys where kind = 'invoice' and key is not null
  union all
  select source_instance, cast(null as {{ dbt.type_string() }}) as invoice_id, reason from keys where key is null
  union all
  select source_instance, invoice_id, reason from rejected
  union all
  select source_instance, invoice_id, reason from applications
)

select source_instance, invoice_id, min(reason) as reason
from collected
group by source_instance, invoice_id
