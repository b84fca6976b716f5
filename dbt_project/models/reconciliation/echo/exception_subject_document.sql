-- One row per open break and invoice, credit note, payment, refund or dispute that it is about, by its match key and by
-- the records that it names: which findings speak of one document?
{% set subject = ['exception_key', 'subject', 'instance', 'id'] %}
{#- object of a record -> the domain that issues its id -#}
{% set domains = {
  'invoice': 'billing', 'credit_note': 'billing', 'payment': 'billing', 'refund': 'billing', 'dispute': 'billing',
  'ar_document': 'erp', 'ar_document_line': 'erp', 'cash_receipt': 'erp', 'interface_message': 'erp',
  'journal_line': 'erp',
} %}
{% set document_codes = [
  'R14', 'R15', 'R16', 'R17', 'R18', 'R21', 'R22', 'R23', 'R24', 'R26', 'R27', 'R28',
] %}
with opened as (
  select * from {{ ref('exception_opened') }}
),

links as (
  select * from {{ source('config', 'instance_links') }}
),

documents as (
  select * from {{ ref('ar_document') }}
),

-- a side may name records of several kinds, `object:key; object:key`
named_records as (
  {% for side in ['left_ref', 'right_ref'] %}
  {% set outer = loop %}
  {% for position in [1, 2, 3] %}
  select exception_key, source_instance, split_part({{ side }}, '; ', {{ position }}) as reference
  from opened
  where code in ({{ "'" ~ document_codes | join("', '") ~ "'" }})
  {% if not (outer.last and loop.last) %}union all{% endif %}
  {% endfor %}
  {% endfor %}
),

mentions as (
  select
    exception_key, source_instance,
    case
      when code in ('R14', 'R15', 'R17', 'R28') then 'invoice'
      when code = 'R16' then 'credit_note'
      when code = 'R24' then 'payment'
      when code = 'R26' then 'refund'
      when code = 'R27' then 'dispute'
      when code in ('R21', 'R29') then 'ar_document'
      when code = 'R22' then 'interface_message'
      else 'ar_document_line'
    end as object,
    match_key as id
  from opened
  where code in ('R14', 'R15', 'R16', 'R17', 'R21', 'R22', 'R23', 'R24', 'R26', 'R27', 'R28', 'R29')

  union all

  -- the key of a void is an invoice
  select exception_key, source_instance, 'invoice' as object, match_key as id
  from opened
  where code = 'R16'

  union all

  -- objects are written in the plural in these two keys
  select exception_key, source_instance, trim(trailing 's' from part_1) as object, after_part_1 as id
  from opened
  where code in ('R19', 'R20')

  union all

  -- of a list of records the first says which they are
  select
    exception_key, source_instance, split_part(reference, ':', 1) as object,
    split_part(substr(reference, length(split_part(reference, ':', 1)) + 2), ', ', 1) as id
  from named_records
  where length(reference) > 0  -- compared with '', the engine's planner fails where a side names nothing at all
),

domains as (
  {% for object, domain in domains.items() %}
  select '{{ object }}' as object, '{{ domain }}' as domain
  {% if not loop.last %}union all{% endif %}
  {% endfor %}
),

named as (
  select distinct mentions.exception_key, mentions.object, links.linked_instance as instance, mentions.id
  from mentions
  inner join domains on domains.object = mentions.object
  inner join links on links.source_instance = mentions.source_instance and links.domain = domains.domain
),

billing_named as (
  select exception_key, object as subject, instance, id
  from named
  where object in ('invoice', 'credit_note', 'payment', 'refund', 'dispute')
),

document_named as (
  select
    named.exception_key, documents.external_object as subject, documents.billing_instance as instance,
    documents.external_id as id
  from named
  inner join documents on documents.source_instance = named.instance and documents.document_id = named.id
  where named.object = 'ar_document'
),

line_named as (
  select
    named.exception_key, lines.external_object as subject, lines.billing_instance as instance, lines.external_id as id
  from named
  inner join {{ ref('ar_document_line') }} as lines
    on lines.source_instance = named.instance and lines.document_line_id = named.id
  where named.object = 'ar_document_line'
),

receipt_named as (
  select
    named.exception_key, receipts.external_object as subject, receipts.billing_instance as instance,
    receipts.external_id as id
  from named
  inner join {{ ref('cash_receipt') }} as receipts
    on receipts.source_instance = named.instance and receipts.receipt_id = named.id
  where named.object = 'cash_receipt'
),

message_named as (
  select
    named.exception_key, messages.document_kind as subject, messages.billing_instance as instance,
    messages.source_id as id
  from named
  inner join {{ ref('interface_message') }} as messages
    on messages.source_instance = named.instance and messages.message_id = named.id
  where named.object = 'interface_message'
),

-- a posting in the wrong period is why its invoices and credits are
held as (
  select erp_instance, object, record_id, source_instance, 'invoice' as subject, invoice_id as id
  from {{ ref('summary_member') }}
  union all
  select erp_instance, object, record_id, source_instance, 'credit_note' as subject, credit_note_id as id
  from {{ ref('summary_credit') }}
),

document_held as (
  select named.exception_key, members.subject, members.source_instance as instance, members.id
  from named
  inner join opened on opened.exception_key = named.exception_key and opened.code = 'R21'
  inner join held as members
    on
      members.erp_instance = named.instance
      and members.object = case named.object when 'journal_line' then 'journal' else named.object end
      and members.record_id = named.id
  where named.object in ('ar_document', 'journal_line')
),

own as (
  {% for part in [
    'billing_named', 'document_named', 'line_named', 'receipt_named', 'message_named', 'document_held',
  ] %}
  select {{ subject | join(', ') }} from {{ part }} where instance is not null and id is not null
  {% if not loop.last %}union{% endif %}
  {% endfor %}
),

credit_of_refund as (
  select own.exception_key, 'credit_note' as subject, own.instance, refunds.credit_note_id as id
  from own
  inner join {{ ref('refund') }} as refunds
    on refunds.source_instance = own.instance and refunds.refund_id = own.id
  where own.subject = 'refund' and refunds.credit_note_id is not null
),

-- the invoices that a credit note, payment, refund or dispute belongs to
{% for object in ['credit_note', 'payment', 'refund', 'dispute'] %}
invoice_of_{{ object }} as (
  select own.exception_key, 'invoice_of' as subject, own.instance, records.invoice_id as id
  from own
  inner join {{ ref(object) }} as records
    on records.source_instance = own.instance and records.{{ object }}_id = own.id
  where own.subject = '{{ object }}' and records.invoice_id is not null
),
{% endfor %}

-- and those that its cash was applied to, rightly or not
invoice_paid as (
  select distinct
    own.exception_key, 'invoice_of' as subject, documents.billing_instance as instance, documents.external_id as id
  from own
  inner join {{ ref('cash_receipt') }} as receipts
    on
      receipts.billing_instance = own.instance
      and receipts.external_object = own.subject
      and receipts.external_id = own.id
  inner join {{ ref('cash_application') }} as applications
    on
      applications.source_instance = receipts.source_instance
      and applications.receipt_id = receipts.receipt_id
  inner join documents
    on
      documents.source_instance = applications.source_instance
      and documents.document_id = applications.document_id
  where own.subject in ('payment', 'refund', 'dispute') and documents.external_object = 'invoice'
),

invoice_voided as (
  select opened.exception_key, 'invoice_of' as subject, invoices.source_instance as instance, invoices.invoice_id as id
  from opened
  inner join {{ ref('invoice') }} as invoices
    on invoices.source_instance = opened.source_instance and invoices.invoice_id = opened.match_key
  where opened.code = 'R16'
),

sku_of_line as (
  select named.exception_key, 'sku' as subject, lines.source_instance as instance, lines.sku as id
  from named
  inner join {{ ref('ar_document_line') }} as posted
    on posted.source_instance = named.instance and posted.document_line_id = named.id
  inner join {{ ref('invoice_line') }} as lines
    on lines.source_instance = posted.billing_instance and lines.line_id = posted.source_line_id
  where named.object = 'ar_document_line'
),

-- a customer record that names other books is why its invoices stand there
account_of_invoice as (
  select
    opened.exception_key, 'crm_account_books' as subject, customers.crm_instance as instance,
    customers.crm_account_id as id
  from opened
  inner join {{ ref('billing_customer') }} as customers
    on customers.source_instance = opened.source_instance and customers.customer_id = opened.customer_id
  where opened.finding = 'R14_elsewhere' and customers.crm_account_id is not null
),

account_of_customer as (
  select exception_key, 'crm_account_books' as subject, source_instance as instance, part_1 as id
  from opened
  where code = 'R36' and part_2 in ('legal_entity_code', 'currency')
),

-- the record that a broken reference points at, when it is not the record itself
missing_record as (
  select exception_key, 'missing' as subject, source_instance as instance, right_ref as id
  from opened
  where code = 'R20' and right_ref is not null
)

{% for part in [
  'own', 'credit_of_refund', 'invoice_of_credit_note', 'invoice_of_payment', 'invoice_of_refund', 'invoice_of_dispute',
  'invoice_paid', 'invoice_voided', 'sku_of_line', 'account_of_invoice', 'account_of_customer', 'missing_record',
] %}
select {{ subject | join(', ') }} from {{ part }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
