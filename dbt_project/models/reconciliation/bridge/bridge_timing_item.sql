-- One row per source instance, legal entity, currency, leg and calendar month: what became a timing item in the month
-- and what ceased to be one? Usage and fees wait for their invoice (B) from the month they belong to, a document for
-- its posting (C) from the month it was issued, a receivable for its cash (D) from the month it was posted. An item
-- ends when the next stage takes it, or when it is due and what is missing is no longer a matter of time. Each item
-- is created whole and ended but for what the bridge still shows as timing: what is left is that, to the minor unit.
-- What the ledger dates by a period stands in the month in which the middle of that period lies.
{%- set item = 'source_instance, legal_entity_code, currency_code' %}
with parameters as (
  select *, {{ month_key('as_of') }} as this_month from {{ source('config', 'parameters') }}
),

claims as (
  select * from {{ ref('bridge_claim') }} where nature = 'timing' and amount_minor <> 0
),

usage as (
  select billing_instance as source_instance, * from {{ ref('bridge_usage') }}
),

fees as (
  select billing_instance as source_instance, * from {{ ref('bridge_fee') }}
),

records as (
  select
    records.billing_instance as source_instance,
    records.*,
    coalesce(invoices.issue_date, credit_notes.issue_date) as issue_date
  from {{ ref('bridge_billed') }} as records
  left join {{ ref('invoice') }} as invoices
    on
      records.record_kind = 'invoice_line'
      and invoices.source_instance = records.billing_instance
      and invoices.invoice_id = records.document_id
  left join {{ ref('credit_note') }} as credit_notes
    on
      records.record_kind = 'credit_note_line'
      and credit_notes.source_instance = records.billing_instance
      and credit_notes.credit_note_id = records.document_id
),

-- B: owed by the terms, until billed or due; what is billed without terms was never owed
owed as (
  select {{ bridge_named_cell() }}, metered_minor as amount_minor, 1 as is_usage from usage
  union all
  select {{ bridge_named_cell() }}, expected_minor as amount_minor, 0 as is_usage from fees
  union all
  select {{ bridge_named_cell() }}, 0 as amount_minor, 0 as is_usage from records where counts_quantity
),

owed_cells as (
  select
    owed.source_instance, {{ bridge_cell_of('owed') }},
    sum(owed.amount_minor) as amount_minor,
    {{ month_key('owed.service_period_start') }} as month,
    {{ add_days(
      'case when max(owed.is_usage) = 1 then ' ~ add_months('owed.service_period_start', 1)
      ~ ' else owed.service_period_start end',
      'max(parameters.usage_grace_days + parameters.bill_run_days)'
    ) }} as due_date
  from owed
  cross join parameters
  group by owed.source_instance, {{ bridge_cell_of('owed') }}
),

billed_cells as (
  select {{ bridge_named_cell() }}, {{ month_key('issue_date') }} as month, due_minor as amount_minor
  from records
  where counts_quantity
),

waiting as (
  select source_instance, {{ bridge_cell() }}, sum(amount_minor) as amount_minor
  from claims
  where leg = 'B' and cause_code <> 'B01'
  group by source_instance, {{ bridge_cell() }}
),

billed_totals as (
  select source_instance, {{ bridge_cell() }}, sum(amount_minor) as amount_minor
  from billed_cells
  group by source_instance, {{ bridge_cell() }}
),

unbilled as (
  select
    owed_cells.*,
    owed_cells.amount_minor - coalesce(billed_totals.amount_minor, 0) - coalesce(waiting.amount_minor, 0)
      as given_up_minor
  from owed_cells
  left join billed_totals on {{ bridge_same_cell('billed_totals', 'owed_cells') }}
  left join waiting on {{ bridge_same_cell('waiting', 'owed_cells') }}
),

-- a claim of a cell that neither terms nor invoices know has nothing that could end it
waiting_alone as (
  select waiting.*
  from waiting
  left join owed_cells on {{ bridge_same_cell('owed_cells', 'waiting') }}
  where owed_cells.source_instance is null
),

ledger_months as (
  select
    source_instance as erp_instance,
    legal_entity_code,
    period,
    {{ month_key(add_days('start_date', int_div(days_between('start_date', 'end_date'), 2))) }} as month
  from {{ ref('accounting_period') }}
),

-- C: issued, until posted or due
posted as (
  select
    posted.*,
    coalesce(ledger_months.month, posted.period) as month
  from {{ ref('bridge_posted') }} as posted
  left join ledger_months
    on
      ledger_months.erp_instance = posted.erp_instance
      and ledger_months.legal_entity_code = posted.legal_entity_code
      and ledger_months.period = posted.period
),

posted_records as (
  select source_instance, record_kind, record_id, min(month) as month
  from posted
  where record_id is not null
  group by source_instance, record_kind, record_id
),

issued as (
  select
    records.source_instance,
    coalesce(records.legal_entity_code, 'unknown') as legal_entity_code,
    coalesce(records.currency_code, 'unknown') as currency_code,
    {{ month_key('records.issue_date') }} as month,
    posted_records.month as posted_month,
    records.billed_minor as amount_minor,
    coalesce(claims.amount_minor, 0) as waiting_minor,
    claims.left_ref
  from records
  left join posted_records
    on
      posted_records.source_instance = records.source_instance
      and posted_records.record_kind = records.record_kind
      and posted_records.record_id = records.record_id
  left join claims
    on
      claims.leg = 'C'
      and claims.source_instance = records.source_instance
      and claims.legal_entity_code = coalesce(records.legal_entity_code, 'unknown')
      and claims.currency_code = coalesce(records.currency_code, 'unknown')
      and claims.left_ref = records.record_kind || ':' || records.record_id
  where records.has_erp
),

-- D: posted, until paid or due
open_receivables as (
  select source_instance, legal_entity_code, currency_code, left_ref, sum(amount_minor) as amount_minor
  from claims
  where leg = 'D'
  group by source_instance, legal_entity_code, currency_code, left_ref
),

-- two ERPs may use one line id: what waits under it is taken once
posted_lines as (
  select
    *,
    'ar_document_line:' || document_line_id as line_ref,
    row_number() over (
      partition by source_instance, legal_entity_code, currency_code, document_line_id order by erp_instance
    ) as place
  from posted
  where document_type = 'invoice'
),

receivables as (
  select
    posted.source_instance,
    posted.legal_entity_code,
    posted.currency_code,
    posted.erp_instance,
    posted.document_id,
    min(posted.month) as month,
    sum(posted.posted_minor) as amount_minor,
    sum(posted.settled_minor) as settled_minor,
    sum(coalesce(claims.amount_minor, 0)) as waiting_minor
  from posted_lines as posted
  left join open_receivables as claims
    on
      posted.place = 1
      and claims.source_instance = posted.source_instance
      and claims.legal_entity_code = posted.legal_entity_code
      and claims.currency_code = posted.currency_code
      and claims.left_ref = posted.line_ref
  group by
    posted.source_instance, posted.legal_entity_code, posted.currency_code, posted.erp_instance, posted.document_id
),

receipts as (
  select
    applications.source_instance as erp_instance,
    applications.document_id,
    coalesce(ledger_months.month, applications.period) as month,
    sum(applications.amount_minor) as weight_minor
  from {{ ref('document_application') }} as applications
  left join ledger_months
    on
      ledger_months.erp_instance = applications.source_instance
      and ledger_months.legal_entity_code = applications.receipt_entity_code
      and ledger_months.period = applications.period
  where not applications.is_other_currency and not applications.is_void
  group by
    applications.source_instance, applications.document_id, coalesce(ledger_months.month, applications.period)
),

paid as (
  select
    receivables.source_instance,
    receivables.legal_entity_code,
    receivables.currency_code,
    receivables.erp_instance,
    receivables.document_id,
    receivables.month as posted_month,
    receipts.month,
    receipts.weight_minor,
    receivables.settled_minor
  from receivables
  inner join receipts
    on receipts.erp_instance = receivables.erp_instance and receipts.document_id = receivables.document_id
),

settled as (
  {{ largest_remainder('paid', ['erp_instance', 'document_id'], ['month'], 'settled_minor') }}
),

settled_totals as (
  select erp_instance, document_id, sum(share_minor) as amount_minor
  from settled
  group by erp_instance, document_id
),

due as (
  select erp_instance, document_id, min({{ month_key('due_date') }}) as month
  from {{ ref('bridge_receivable') }}
  where side = 'invoice'
  group by erp_instance, document_id
),

overdue as (
  select
    receivables.*,
    due.month as due_month,
    receivables.amount_minor - coalesce(settled_totals.amount_minor, 0) - receivables.waiting_minor as given_up_minor
  from receivables
  left join settled_totals
    on
      settled_totals.erp_instance = receivables.erp_instance
      and settled_totals.document_id = receivables.document_id
  left join due on due.erp_instance = receivables.erp_instance and due.document_id = receivables.document_id
),

-- claims of the other two legs that no record of theirs holds
alone as (
  select claims.*
  from claims
  left join issued
    on
      claims.leg = 'C'
      and issued.source_instance = claims.source_instance
      and issued.legal_entity_code = claims.legal_entity_code
      and issued.currency_code = claims.currency_code
      and issued.left_ref = claims.left_ref
  left join posted_lines
    on
      claims.leg = 'D'
      and posted_lines.place = 1
      and posted_lines.source_instance = claims.source_instance
      and posted_lines.legal_entity_code = claims.legal_entity_code
      and posted_lines.currency_code = claims.currency_code
      and posted_lines.line_ref = claims.left_ref
  where claims.leg in ('C', 'D') and issued.left_ref is null and posted_lines.line_ref is null
),

items as (
  select
    {{ item }},
    leg,
    {{ month_key('service_period_start') }} as month,
    amount_minor as created_minor,
    0 as reversed_minor
  from claims
  where leg = 'A' or cause_code = 'B01'
  union all
  select
    {{ item }}, leg, {{ month_key('service_period_start') }} as month, amount_minor as created_minor,
    0 as reversed_minor
  from alone
  union all
  select
    {{ item }}, 'B' as leg, {{ month_key('service_period_start') }} as month, amount_minor as created_minor,
    0 as reversed_minor
  from waiting_alone
  union all
  select {{ item }}, 'B' as leg, month, amount_minor as created_minor, 0 as reversed_minor
  from unbilled
  union all
  select
    billed_cells.source_instance, billed_cells.legal_entity_code, billed_cells.currency_code, 'B' as leg,
    greatest(billed_cells.month, {{ month_key('billed_cells.service_period_start') }}) as month,
    0 as created_minor, billed_cells.amount_minor as reversed_minor
  from billed_cells
  union all
  select
    {{ item }}, 'B' as leg, {{ month_key('due_date') }} as month, 0 as created_minor, given_up_minor as reversed_minor
  from unbilled
  where given_up_minor <> 0
  union all
  select {{ item }}, 'C' as leg, month, amount_minor as created_minor, 0 as reversed_minor
  from issued
  union all
  select
    {{ item }}, 'C' as leg, greatest(coalesce(posted_month, month), month) as month,
    0 as created_minor, amount_minor - waiting_minor as reversed_minor
  from issued
  union all
  select {{ item }}, 'D' as leg, month, amount_minor as created_minor, 0 as reversed_minor
  from receivables
  union all
  select
    {{ item }}, 'D' as leg, greatest(month, posted_month) as month, 0 as created_minor, share_minor as reversed_minor
  from settled
  union all
  select
    {{ item }}, 'D' as leg, greatest(coalesce(due_month, month), month) as month,
    0 as created_minor, given_up_minor as reversed_minor
  from overdue
  where given_up_minor <> 0
)

select
  items.source_instance,
  items.legal_entity_code,
  items.currency_code,
  items.leg,
  -- nothing ends after the run's own month
  least(coalesce(items.month, parameters.this_month), parameters.this_month) as period,
  cast(sum(items.created_minor) as decimal(38, 0)) as created_minor,
  cast(sum(items.reversed_minor) as decimal(38, 0)) as reversed_minor
from items
cross join parameters
group by
  items.source_instance, items.legal_entity_code, items.currency_code, items.leg,
  least(coalesce(items.month, parameters.this_month), parameters.this_month)
