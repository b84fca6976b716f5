-- One row per journal line, in document and in base currency.
with

journal_lines as (

  {{ vendor_union('erp', 'journal_lines') }}

),

legal_entities as (

  select
    source_instance,
    legal_entity_code,
    base_currency_code
  from {{ ref('legal_entity') }}

),

with_base_currency as (

  select
    journal_lines.*,
    legal_entities.base_currency_code
  from journal_lines
  left join legal_entities
    on
      journal_lines.source_instance = legal_entities.source_instance
      and journal_lines.legal_entity_code = legal_entities.legal_entity_code

),

document_amounts as (

  {{ with_minor('with_base_currency', ['debit', 'credit'], together=['journal_id', 'document_id']) }}

),

base_amounts as (

  {{ with_minor(
    'document_amounts', ['base_debit', 'base_credit'], currency='base_currency_code',
    together=['journal_id', 'document_id']
  ) }}

)

select
  source_instance,
  journal_id,
  line_number,
  legal_entity_code,
  account_number,
  posting_date,
  period,
  currency_code,
  debit_minor,
  credit_minor,
  base_debit_minor,
  base_credit_minor,
  source,
  document_id,
  dimensions,
  counterparty_entity_code,
  entered_by,
  approved_by,
  reversal_of,
  created_at,
  base_currency_code,
  content_hash
from base_amounts
