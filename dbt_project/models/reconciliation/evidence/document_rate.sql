-- One row per ERP document and per application of a receipt to one: the rate and base amount that were booked, beside
-- those of the policy table. `part`: document (its own posting), receipt (the rate at which money came in), relief
-- (what the cash journals took off the receivable, which must be at the document's own rate).
{% set billion = '10000000000' %}
with documents as (
  select
    documents.source_instance,
    documents.document_id,
    documents.legal_entity_code,
    documents.currency_code,
    documents.posting_date,
    documents.fx_rate,
    documents.sign * documents.total_amount_minor as gross_minor,
    entities.base_currency_code,
    {{ ten_to_the(currency_exponent('documents.currency_code')) }} as document_unit,
    {{ ten_to_the(currency_exponent('entities.base_currency_code')) }} as base_unit
  from {{ ref('ar_document') }} as documents
  inner join {{ ref('legal_entity') }} as entities
    on
      entities.source_instance = documents.source_instance
      and entities.legal_entity_code = documents.legal_entity_code
),

receivable_lines as (
  select
    journals.source_instance,
    journals.document_id,
    journals.legal_entity_code,
    journals.currency_code,
    case when journals.source = 'cash' then 'relief' else 'document' end as part,
    cast(sum(journals.debit_minor - journals.credit_minor) as bigint) as amount_minor,
    cast(sum(journals.base_debit_minor - journals.base_credit_minor) as bigint) as base_minor,
    count(*) as line_count
  from {{ ref('journal_line') }} as journals
  inner join {{ ref('gl_account') }} as accounts
    on
      accounts.source_instance = journals.source_instance
      and accounts.account_number = journals.account_number
      and accounts.control = 'receivable'
  where
    journals.document_id is not null
    and journals.reversal_of is null
    and journals.source in ('billing', 'cash')
  group by
    journals.source_instance, journals.document_id, journals.legal_entity_code, journals.currency_code,
    case when journals.source = 'cash' then 'relief' else 'document' end
),

parts as (
  select
    documents.source_instance,
    documents.document_id,
    'document' as part,
    documents.currency_code,
    documents.base_currency_code,
    documents.posting_date as rate_day,
    documents.fx_rate,
    coalesce(lines.amount_minor, documents.gross_minor) as amount_minor,
    lines.base_minor as booked_minor,
    1 as line_count,
    documents.document_unit,
    documents.base_unit,
    cast(null as {{ dbt.type_string() }}) as receipt_id,
    false as is_own_rate
  from documents
  left join receivable_lines as lines
    on
      lines.source_instance = documents.source_instance
      and lines.document_id = documents.document_id
      and lines.legal_entity_code = documents.legal_entity_code
      and lines.currency_code = documents.currency_code
      and lines.part = 'document'
  union all
  select
    documents.source_instance,
    documents.document_id,
    'receipt' as part,
    documents.currency_code,
    documents.base_currency_code,
    receipts.received_date as rate_day,
    receipts.fx_rate,
    applications.amount_minor,
    cast(null as bigint) as booked_minor,
    1 as line_count,
    documents.document_unit,
    documents.base_unit,
    receipts.receipt_id,
    false as is_own_rate
  from documents
  inner join {{ ref('cash_application') }} as applications
    on
      applications.source_instance = documents.source_instance and applications.document_id = documents.document_id
  inner join {{ ref('cash_receipt') }} as receipts
    on
      receipts.source_instance = applications.source_instance
      and receipts.receipt_id = applications.receipt_id
      and receipts.currency_code = documents.currency_code
      and receipts.legal_entity_code = documents.legal_entity_code
  union all
  select
    documents.source_instance,
    documents.document_id,
    'relief' as part,
    documents.currency_code,
    documents.base_currency_code,
    documents.posting_date as rate_day,
    documents.fx_rate,
    lines.amount_minor,
    lines.base_minor as booked_minor,
    lines.line_count,
    documents.document_unit,
    documents.base_unit,
    cast(null as {{ dbt.type_string() }}) as receipt_id,
    true as is_own_rate
  from documents
  inner join receivable_lines as lines
    on
      lines.source_instance = documents.source_instance
      and lines.document_id = documents.document_id
      and lines.legal_entity_code = documents.legal_entity_code
      and lines.currency_code = documents.currency_code
      and lines.part = 'relief'
),

rated as (
  select
    parts.source_instance,
    parts.document_id,
    parts.part,
    parts.currency_code,
    parts.base_currency_code,
    parts.rate_day,
    parts.receipt_id,
    parts.fx_rate,
    cast(parts.amount_minor as {{ whole() }}) as amount_minor,
    parts.booked_minor,
    parts.line_count,
    rates.rate_date,
    rates.untested_reason,
    cast(coalesce(parts.fx_rate, 1) * {{ billion }} as {{ whole() }}) as own_rate,
    cast(
      case when parts.is_own_rate then coalesce(parts.fx_rate, 1) * {{ billion }} else rates.numerator end
      as {{ whole() }}
    ) as policy_numerator,
    cast(case when parts.is_own_rate then {{ billion }} else rates.denominator end as {{ whole() }})
      as policy_denominator,
    cast(parts.document_unit as {{ whole() }}) as document_unit,
    cast(parts.base_unit as {{ whole() }}) as base_unit
  from parts
  left join {{ ref('policy_rate') }} as rates
    on
      rates.source_instance = parts.source_instance
      and rates.currency_code = parts.currency_code
      and rates.base_currency_code = parts.base_currency_code
      and rates.rate_day = parts.rate_day
),

factors as (
  select
    *,
    own_rate * base_unit as own_n,
    cast({{ billion }} as {{ whole() }}) * document_unit as own_d,
    policy_numerator * base_unit as policy_n,
    policy_denominator * document_unit as policy_d
  from rated
)

select
  source_instance,
  document_id,
  part,
  currency_code,
  base_currency_code,
  rate_day,
  rate_date,
  receipt_id,
  fx_rate,
  line_count,
  untested_reason,
  cast(policy_numerator as decimal(38, 0)) as policy_numerator,
  cast(policy_denominator as decimal(38, 0)) as policy_denominator,
  -- not the same at six decimals; by cross multiplication, because a rate turned over has no last decimal
  case
    when part = 'relief' then false
    when greatest(own_rate, policy_numerator, policy_denominator) < 1000000000000000000
      then
        abs(own_rate * policy_denominator - policy_numerator * {{ billion }})
        >= cast(10000 as {{ whole() }}) * policy_denominator
  end as is_other_rate,
  coalesce(booked_minor, {{ fits_bigint(mul_div_round('amount_minor', 'own_n', 'own_d')) }}) as booked_minor,
  {{ fits_bigint(mul_div_round('amount_minor', 'policy_n', 'policy_d')) }} as policy_minor
from factors
