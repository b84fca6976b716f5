-- One row per movement of the receivable subledger: a document, its reversal, a cash application, its end. A
-- reversal counts in the period of its reversal: the month in which the document was posted has been reported already.
-- What a receipt that the ERP took
-- back had settled is owed again from then on. An application in another currency than its document's moves it by an
-- amount that nobody states.
with documents as (
  select * from {{ ref('ar_document') }}
),

accounts as (
  select * from {{ ref('receivable_account') }}
),

reversal_journals as (
  select source_instance, document_id, period from {{ ref('document_reversal') }} where period is not null
),

first_reversed as (
  select source_instance, document_id, min(valid_from) as reversed_at
  from {{ ref('ar_document_version') }}
  where status = 'reversed'
  group by source_instance, document_id
),

calendar as (
  select * from {{ ref('entity_period') }}
),

reversals as (
  select
    documents.source_instance,
    documents.document_id,
    documents.legal_entity_code,
    accounts.account_number,
    documents.currency_code,
    coalesce(reversal_journals.period, calendar.period, {{ month_key('first_reversed.reversed_at') }}) as period,
    -documents.sign * documents.total_amount_minor as amount_minor
  from documents
  inner join accounts
    on accounts.source_instance = documents.source_instance and accounts.document_id = documents.document_id
  left join reversal_journals
    on
      reversal_journals.source_instance = documents.source_instance
      and reversal_journals.document_id = documents.document_id
  left join first_reversed
    on
      first_reversed.source_instance = documents.source_instance
      and first_reversed.document_id = documents.document_id
  left join calendar
    on
      calendar.source_instance = documents.source_instance
      and calendar.legal_entity_code = documents.legal_entity_code
      and {{ utc_date('first_reversed.reversed_at') }} between calendar.first_date and calendar.last_date
  where documents.status = 'reversed'
)

select
  documents.source_instance,
  'ar_document' as object,
  documents.document_id as key,
  documents.document_id,
  documents.legal_entity_code,
  accounts.account_number,
  documents.currency_code,
  documents.period,
  documents.sign * documents.total_amount_minor as amount_minor
from documents
inner join accounts
  on accounts.source_instance = documents.source_instance and accounts.document_id = documents.document_id
union all
select
  source_instance,
  'reversal' as object,
  document_id as key,
  document_id,
  legal_entity_code,
  account_number,
  currency_code,
  period,
  amount_minor
from reversals
union all
select
  applications.source_instance,
  'cash_application' as object,
  applications.application_id as key,
  applications.document_id,
  applications.legal_entity_code,
  accounts.account_number,
  applications.currency_code,
  applications.period,
  -applications.amount_minor as amount_minor
from {{ ref('document_application') }} as applications
inner join accounts
  on accounts.source_instance = applications.source_instance and accounts.document_id = applications.document_id
where not applications.is_other_currency
union all
select
  applications.source_instance,
  'void_application' as object,
  applications.application_id as key,
  applications.document_id,
  applications.legal_entity_code,
  accounts.account_number,
  applications.currency_code,
  {{ period_of('calendar.period', 'applications.receipt_changed_on') }} as period,
  applications.amount_minor
from {{ ref('document_application') }} as applications
inner join accounts
  on accounts.source_instance = applications.source_instance and accounts.document_id = applications.document_id
left join calendar
  on
    calendar.source_instance = applications.source_instance
    and calendar.legal_entity_code = applications.legal_entity_code
    and applications.receipt_changed_on between calendar.first_date and calendar.last_date
where applications.is_void and not applications.is_other_currency
