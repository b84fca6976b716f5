-- One row per billing document that the ledger must show: an issued invoice, an issued credit note, the void of an
-- invoice. In which accounting period does it belong, and by when must it be there?
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

calendar as (
  select * from {{ ref('posting_period') }}
),

voids as (
  select
    source_instance,
    invoice_id,
    min(valid_from) as voided_at
  from {{ ref('invoice_version') }}
  where status = 'void'
  group by source_instance, invoice_id
),

-- a credit note does not say when it was issued, only on which day; an update years later must not reopen its window
events as (
  select
    source_instance, 'invoice' as object, invoice_id as key, erp_instance, legal_entity_code, issue_date as policy_date,
    finalized_at as final_at
  from {{ ref('invoice') }}
  where is_live
  union all
  select
    source_instance, 'credit_note' as object, credit_note_id as key, erp_instance, legal_entity_code,
    issue_date as policy_date,
    least(greatest(updated_at, cast(issue_date as timestamp)), {{ add_hours('cast(issue_date as timestamp)', 24) }})
      as final_at
  from {{ ref('credit_note') }}
  union all
  select
    invoices.source_instance, 'void' as object, invoices.invoice_id as key, invoices.erp_instance,
    invoices.legal_entity_code, {{ utc_date('coalesce(voids.voided_at, invoices.updated_at)') }} as policy_date,
    coalesce(voids.voided_at, invoices.updated_at) as final_at
  from {{ ref('invoice') }} as invoices
  left join voids on voids.source_instance = invoices.source_instance and voids.invoice_id = invoices.invoice_id
  where invoices.status = 'void'
),

dated as (
  select
    events.*,
    calendar.period as issue_period,
    calendar.last_date as issue_period_end,
    calendar.taking_period
  from events
  left join calendar
    on
      calendar.source_instance = events.erp_instance
      and calendar.legal_entity_code = events.legal_entity_code
      and events.policy_date between calendar.first_date and calendar.last_date
      and events.final_at >= calendar.final_from
      and events.final_at < calendar.final_until
)

select
  dated.source_instance,
  dated.object,
  dated.key,
  dated.erp_instance,
  dated.legal_entity_code,
  dated.policy_date,
  dated.final_at,
  dated.taking_period as policy_period,
  coalesce(dated.issue_period, {{ month_key('dated.policy_date') }}) as origin_period,
  case
    when dated.policy_date >= {{ last_business_day('dated.issue_period_end') }}
      then {{ add_business_days('dated.final_at', 'parameters.posting_period_end_business_days') }}
    else {{ add_hours('dated.final_at', 'parameters.posting_hours') }}
  end as due_at
from dated
cross join parameters
