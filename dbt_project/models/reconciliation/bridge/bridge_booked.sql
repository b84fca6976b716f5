-- One row per posted document line: its net in the entity's base currency at the document's own rate and at the policy
-- rate of its day, and what is settled of it at the document's rate and at the rates of the receipts. The first two
-- differ by a wrong rate (C12), the last two by the realised exchange difference (D10).
{% set billion = '10000000000' %}
with posted as (
  select * from {{ ref('bridge_posted') }}
),

entities as (
  select * from {{ ref('legal_entity') }}
),

documents as (
  select * from {{ ref('ar_document') }}
),

rates as (
  select * from {{ ref('policy_rate') }} where untested_reason is null
),

receipts as (
  select * from {{ ref('cash_receipt') }}
),

translated as (
  select
    applications.source_instance,
    applications.document_id,
    entities.base_currency_code,
    abs(cast(applications.amount_minor as {{ whole() }})) as amount_minor,
    case when applications.amount_minor < 0 then -1 else 1 end as direction,
    cast(
      receipts.fx_rate * {{ billion }} as {{ whole() }}
    ) * {{ ten_to_the(currency_exponent('entities.base_currency_code')) }} as rate_n,
    cast({{ billion }} as {{ whole() }})
    * {{ ten_to_the(currency_exponent('applications.currency_code')) }} as rate_d
  from {{ ref('document_application') }} as applications
  inner join receipts
    on receipts.source_instance = applications.source_instance and receipts.receipt_id = applications.receipt_id
  inner join entities
    on
      entities.source_instance = applications.source_instance
      and entities.legal_entity_code = applications.legal_entity_code
  where receipts.fx_rate is not null and not applications.is_other_currency and not applications.is_void
),

applied as (
  select
    source_instance,
    document_id,
    abs(sum(direction * amount_minor)) as applied_minor,
    abs(sum(direction * {{ mul_div_round('amount_minor', 'rate_n', 'rate_d') }})) as applied_base_minor
  from translated
  group by source_instance, document_id
),

rated as (
  select
    posted.source_instance,
    {{ bridge_cell_of('posted') }},
    posted.erp_instance,
    posted.document_id,
    posted.document_line_id,
    posted.period,
    entities.base_currency_code,
    cast(posted.posted_minor as {{ whole() }}) as posted_minor,
    cast(posted.settled_minor as {{ whole() }}) as settled_minor,
    cast(documents.fx_rate * {{ billion }} as {{ whole() }})
    * {{ ten_to_the(currency_exponent('entities.base_currency_code')) }} as own_n,
    cast({{ billion }} as {{ whole() }}) * {{ ten_to_the(currency_exponent('posted.currency_code')) }} as own_d,
    cast(rates.numerator as {{ whole() }})
    * {{ ten_to_the(currency_exponent('entities.base_currency_code')) }} as policy_n,
    cast(rates.denominator as {{ whole() }})
    * {{ ten_to_the(currency_exponent('posted.currency_code')) }} as policy_d,
    cast(applied.applied_base_minor as {{ whole() }}) as applied_base_minor,
    cast(applied.applied_minor as {{ whole() }}) as applied_minor
  from posted
  inner join documents
    on documents.source_instance = posted.erp_instance and documents.document_id = posted.document_id
  inner join entities
    on
      entities.source_instance = posted.erp_instance
      and entities.legal_entity_code = posted.legal_entity_code
  left join rates
    on
      rates.source_instance = posted.erp_instance
      and rates.currency_code = posted.currency_code
      and rates.base_currency_code = entities.base_currency_code
      and rates.rate_day = documents.posting_date
  left join applied on applied.source_instance = posted.erp_instance and applied.document_id = posted.document_id
)

select
  source_instance,
  {{ bridge_cell() }},
  erp_instance,
  document_id,
  document_line_id,
  period,
  base_currency_code,
  {{ fits_bigint(mul_div_round('posted_minor', 'own_n', 'own_d')) }} as posted_base_minor,
  {{ fits_bigint(mul_div_round('posted_minor', 'policy_n', 'policy_d')) }} as posted_policy_minor,
  {{ fits_bigint(mul_div_round('settled_minor', 'own_n', 'own_d')) }} as settled_own_minor,
  case
    when applied_minor > 0
      then {{ fits_bigint(mul_div_round('settled_minor', 'applied_base_minor', 'applied_minor')) }}
    else 0
  end as settled_base_minor
from rated
