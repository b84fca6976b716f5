-- One row per cell, leg and record (or set of records) that explains a part of the leg, with its cause. A record is
-- claimed once per leg; what is left over is x99, added in the mart.
{%- set cell = 'legal_entity_code, customer_id, subscription_id, sku, service_period_start, currency_code' %}
with usage as (
  select * from {{ ref('bridge_usage') }}
),

fees as (
  select * from {{ ref('bridge_fee') }}
),

billed as (
  select * from {{ ref('bridge_billed') }}
),

posted as (
  select * from {{ ref('bridge_posted') }}
),

cells as (
  select * from {{ ref('bridge_cells') }}
),

document_results as (
  select source_instance, match_key as document_id, 'invoice_line' as record_kind, cause_code
  from {{ ref('r14_invoice_to_receivable') }}
  where cause_code is not null
  union all
  select source_instance, match_key as document_id, 'credit_note_line' as record_kind, cause_code
  from {{ ref('r16_credit_to_reversal') }}
  where cause_code is not null
),

document_causes as (
  select source_instance, document_id, record_kind, min(cause_code) as cause_code
  from document_results
  group by source_instance, document_id, record_kind
),

-- a void and a wrong sign are R16's, whichever document they stand on
any_document_causes as (
  select source_instance, document_id, max(cause_code) as cause_code
  from document_results
  group by source_instance, document_id
),

cash_causes as (
  select payments.source_instance, payments.invoice_id, min(results.cause_code) as cause_code
  from {{ ref('r24_payment_to_application') }} as results
  inner join {{ ref('payment') }} as payments
    on payments.source_instance = results.source_instance and payments.payment_id = results.match_key
  where results.cause_code is not null and payments.invoice_id is not null
  group by payments.source_instance, payments.invoice_id
),

invoices as (
  select * from {{ ref('invoice') }}
),

parameters as (
  select * from {{ source('config', 'parameters') }}
),

captured as (
  select {{ cell }}, 'A' as leg, cause_code, expected_minor as amount_minor, left_ref, right_ref
  from usage
  where step > 0 and expected_minor <> 0
),

priced as (
  select
    {{ cell }}, 'B' as leg, cause_code, due_minor - billed_minor as amount_minor,
    'terms' as left_ref, record_kind || ':' || record_id as right_ref
  from billed
  where cause_code <> 'untestable' and due_minor <> billed_minor
),

-- lines of a cell in another currency than agreed: the two cells are linked and meet only after translation
other_currency as (
  select distinct subscription_id, sku, service_period_start from billed where cause_code = 'B09'
),

-- what the terms expect less what the billed quantity would cost: quantity that was never billed, or not that of the
-- contract
owed as (
  select
    {{ cell }},
    metered_minor as owed_minor,
    0 as lines,
    'usage' as kind,
    null as quantity_cause,
    right_ref as left_ref
  from usage
  union all
  select
    {{ cell }},
    expected_minor as owed_minor,
    0 as lines,
    kind,
    null as quantity_cause,
    'terms:' || terms_id as left_ref
  from fees
  union all
  select
    {{ cell }},
    -due_minor as owed_minor,
    1 as lines,
    case when kind in ('usage', 'minimum') then 'usage' else kind end as kind,
    quantity_cause,
    null as left_ref
  from billed
  where counts_quantity
),

quantities as (
  select
    {{ cell }},
    sum(owed_minor) as amount_minor,
    sum(lines) as line_count,
    max(kind) as kind,
    max(quantity_cause) as quantity_cause,
    min(left_ref) as left_ref
  from owed
  group by {{ cell }}
),

unbilled as (
  select
    quantities.legal_entity_code, quantities.customer_id, quantities.subscription_id, quantities.sku,
    quantities.service_period_start, quantities.currency_code,
    'B' as leg,
    case
      when other_currency.sku is not null and quantities.line_count = 0 then 'B09'
      when quantities.line_count = 0 then 'B03'
      -- a month that is not due may still be billed
      when
        quantities.kind = 'usage'
        and cast(
          {{ add_days(
            add_months('quantities.service_period_start', 1), 'parameters.usage_grace_days + parameters.bill_run_days'
          ) }} as timestamp
        ) > parameters.as_of
        then 'B03'
      when quantities.kind = 'usage' then 'B04'
      when abs(quantities.amount_minor) <= parameters.rounding_minor_per_document then 'B10'
      else coalesce(quantities.quantity_cause, 'B02')
    end as cause_code,
    quantities.amount_minor,
    quantities.left_ref,
    cast(null as {{ dbt.type_string() }}) as right_ref
  from quantities
  cross join parameters
  left join other_currency
    on
      other_currency.subscription_id = quantities.subscription_id
      and other_currency.sku = quantities.sku
      and other_currency.service_period_start = quantities.service_period_start
  where quantities.amount_minor <> 0
),

sides as (
  select
    {{ cell }}, billing_instance, record_kind, record_id, document_id as billing_document_id,
    billed_minor as amount_minor, cast(null as {{ dbt.type_string() }}) as document_line_id,
    cast(null as {{ dbt.type_string() }}) as external_id
  from billed
  where has_erp
  union all
  select
    {{ cell }}, billing_instance,
    coalesce(record_kind, 'document_line') as record_kind,
    coalesce(record_id, erp_instance || '|' || document_line_id) as record_id,
    billing_document_id,
    -posted_minor as amount_minor,
    document_line_id,
    external_id
  from posted
),

differing as (
  select
    {{ cell }}, billing_instance, record_kind, record_id,
    max(billing_document_id) as billing_document_id,
    max(external_id) as external_id,
    sum(amount_minor) as amount_minor,
    min(document_line_id) as document_line_id
  from sides
  group by {{ cell }}, billing_instance, record_kind, record_id
  having sum(amount_minor) <> 0
),

not_posted as (
  select
    differing.legal_entity_code, differing.customer_id, differing.subscription_id, differing.sku,
    differing.service_period_start, differing.currency_code,
    'C' as leg,
    coalesce(
      document_causes.cause_code,
      any_document_causes.cause_code,
      case when differing.record_kind = 'document_line' then 'C06' else 'C99' end
    ) as cause_code,
    differing.amount_minor,
    case when differing.record_kind <> 'document_line' then differing.record_kind || ':' || differing.record_id end
      as left_ref,
    'ar_document_line:' || differing.document_line_id as right_ref
  from differing
  left join document_causes
    on
      document_causes.source_instance = differing.billing_instance
      and document_causes.document_id = differing.billing_document_id
      and document_causes.record_kind = differing.record_kind
  left join any_document_causes
    on
      any_document_causes.source_instance = differing.billing_instance
      and any_document_causes.document_id = coalesce(differing.billing_document_id, differing.external_id)
),

due_dates as (
  select
    coalesce(posted.legal_entity_code, 'unknown') as legal_entity_code,
    coalesce(posted.customer_id, 'unknown') as customer_id,
    posted.subscription_id, posted.sku, posted.service_period_start,
    posted.currency_code,
    max(invoices.due_date) as due_date,
    min(cash_causes.cause_code) as cash_cause,
    min(posted.document_id) as document_id
  from posted
  left join invoices
    on
      posted.document_type = 'invoice'
      and invoices.source_instance = posted.billing_instance
      and invoices.invoice_id = posted.external_id
  left join cash_causes
    on cash_causes.source_instance = invoices.source_instance and cash_causes.invoice_id = invoices.invoice_id
  group by
    coalesce(posted.legal_entity_code, 'unknown'),
    coalesce(posted.customer_id, 'unknown'),
    posted.subscription_id,
    posted.sku,
    posted.service_period_start, posted.currency_code
),

unsettled as (
  select
    cells.legal_entity_code, cells.customer_id, cells.subscription_id, cells.sku, cells.service_period_start,
    cells.currency_code,
    'D' as leg,
    case
      when due_dates.cash_cause is not null then due_dates.cash_cause
      when
        abs(cells.posted_minor - cells.settled_minor) <= parameters.rounding_minor_per_document
        and cells.settled_minor <> 0
        then 'D12'
      when cells.posted_minor < cells.settled_minor then 'D07'
      when due_dates.due_date >= {{ utc_date('parameters.as_of') }} then 'D01'
      else 'D02'
    end as cause_code,
    cells.posted_minor - cells.settled_minor as amount_minor,
    'ar_document:' || due_dates.document_id as left_ref,
    cast(null as {{ dbt.type_string() }}) as right_ref
  from cells
  cross join parameters
  inner join due_dates
    on
      due_dates.legal_entity_code = cells.legal_entity_code
      and due_dates.customer_id = cells.customer_id
      and due_dates.subscription_id = cells.subscription_id
      and due_dates.sku = cells.sku
      and due_dates.service_period_start = cells.service_period_start
      and due_dates.currency_code = cells.currency_code
  where cells.posted_minor <> cells.settled_minor
),

claims as (
  select * from captured
  union all
  select * from priced
  union all
  select * from unbilled
  union all
  select * from not_posted
  union all
  select * from unsettled
)

select
  coalesce(legal_entity_code, 'unknown') as legal_entity_code,
  coalesce(customer_id, 'unknown') as customer_id,
  coalesce(subscription_id, 'unallocated') as subscription_id,
  coalesce(sku, 'unallocated') as sku,
  service_period_start,
  coalesce(currency_code, 'unknown') as currency_code,
  leg,
  cause_code,
  cast(amount_minor as decimal(38, 0)) as amount_minor,
  left_ref,
  right_ref
from claims
