-- One row per link between two records: from usage, contract and payment to invoice line, invoice, receivable document
-- and journal. Which records does a posted amount rest on, and what became of a record?
{% set link = [
  'from_type', 'from_instance', 'from_id', 'to_type', 'to_instance', 'to_id', 'relation', 'amount_minor', 'currency_code',
  'occurred_at', 'correlation_id', 'content_hash',
] %}
{% for part in ['lineage_usage', 'lineage_sale', 'lineage_document', 'lineage_cash'] %}
select {{ link | join(', ') }} from {{ ref(part) }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
