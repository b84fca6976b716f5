-- One row per receivable document, journal that posts without one, cash application and recognized row of a revenue
-- schedule: is it posted in the accounting period in which it belongs? A document and its reversal share a row, because
-- they share a key. The day on which a document is posted must be one of its period, or before it where its own was
-- hard closed.
with own_days as (
  select
    documents.source_instance,
    documents.document_id,
    documents.posting_date,
    calendar.start_date,
    calendar.end_date
  from {{ ref('ar_document') }} as documents
  inner join {{ ref('accounting_period') }} as calendar
    on
      calendar.source_instance = documents.source_instance
      and calendar.legal_entity_code = documents.legal_entity_code
      and calendar.period = documents.period
  where documents.posting_date < calendar.start_date or documents.posting_date > calendar.end_date
),

postings as (
  select
    postings.*,
    own_days.posting_date,
    own_days.start_date,
    own_days.end_date,
    case
      when postings.policy_period is null then 'unknown'
      when
        postings.posted_period = postings.policy_period
        and own_days.document_id is not null
        and (own_days.posting_date > own_days.end_date or postings.policy_period = postings.origin_period)
        then 'day'
      when postings.posted_period = postings.policy_period or postings.posted_period = postings.other_period then 'same'
      else 'period'
    end as finding
  from {{ ref('cutoff_posting') }} as postings
  left join own_days
    on
      postings.object = 'ar_document'
      and own_days.source_instance = postings.source_instance
      and own_days.document_id = postings.key
),

invoices as (
  select source_instance, 'invoice' as object, invoice_id as key, customer_id from {{ ref('invoice') }}
  union all
  select source_instance, 'credit_note' as object, credit_note_id as key, customer_id from {{ ref('credit_note') }}
),

not_testable as (
  select * from {{ ref('billing_key_not_testable') }} where is_own_record and key is not null
),

rejected_periods as (
  select source_instance, min(reason) as reason
  from {{ ref('untestable_record') }}
  where domain = 'erp' and object = 'accounting_periods'
  group by source_instance
),

worded as (
  select
    postings.*,
    case postings.object
      when 'ar_document' then 'Document ' || postings.key
      when 'reversal' then 'The reversal of document ' || postings.key
      when 'journal' then 'Journal ' || split_part(postings.key, '|', 2)
      when 'cash_application' then 'Cash application ' || substr(postings.key, length('cash_applications|') + 1)
      else 'Row ' || substr(postings.key, length('revenue_schedules|') + 1) || ' of the revenue schedule'
    end as subject,
    case
      when postings.date_name = 'schedule' then 'its schedule'
      else
        'its ' || postings.date_name || ' ' || cast(postings.first_date as {{ dbt.type_string() }})
        || case
          when postings.last_date > postings.first_date
            then ' or ' || cast(postings.last_date as {{ dbt.type_string() }}) || ' by the clock of the entity'
          else ''
        end
    end as date_words
  from postings
),

-- the reversal speaks only where the document itself is in its right period
keyed as (
  select
    *,
    row_number() over (
      partition by source_instance, key
      order by
        case finding when 'period' then 0 when 'day' then 1 when 'unknown' then 2 else 3 end,
        case object when 'reversal' then 1 else 0 end
    ) as rank
  from worded
),

compared as (
  select
    keyed.source_instance,
    keyed.key as match_key,
    keyed.legal_entity_code,
    invoices.customer_id,
    keyed.currency_code,
    coalesce(keyed.policy_period, keyed.origin_period, keyed.posted_period) as period,
    keyed.amount_minor as left_value,
    case when keyed.finding = 'same' then keyed.amount_minor else 0 end as right_value,
    case when keyed.finding = 'same' then 0 else keyed.amount_minor end as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    keyed.finding <> 'same' as has_fault,
    'C10' as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    keyed.subject || ' over ' || {{ money_words('keyed.amount_minor', 'keyed.currency_code') }}
    || case
      when keyed.finding = 'day'
        then
          ' is posted in period ' || keyed.posted_period || ', where it belongs, but on '
          || cast(keyed.posting_date as {{ dbt.type_string() }}) || ', which is no day of it ('
          || cast(keyed.start_date as {{ dbt.type_string() }}) || ' to '
          || cast(keyed.end_date as {{ dbt.type_string() }})
          || '): a ledger read by date shows it in another period than one read by period'
      else
        ' belongs to period ' || keyed.policy_period || ' by ' || keyed.date_words
        || case
          when keyed.policy_period <> keyed.origin_period
            then ', whose own period ' || keyed.origin_period || ' was hard closed by then'
          else ''
        end
        || ', but it is posted in ' || keyed.posted_period
    end as reason,
    case
      when own_key.reason is not null then 'Not tested: ' || own_key.reason
      when keyed.finding = 'unknown'
        then
          'Not tested: entity ' || keyed.legal_entity_code || ' has no accounting period that takes '
          || lower(substr(keyed.subject, 1, 1)) || substr(keyed.subject, 2) || ' by ' || keyed.date_words
          || coalesce('; an accounting period ' || rejected_periods.reason, '')
    end as not_testable_reason,
    case
      when keyed.external_id is not null then coalesce(keyed.external_object, 'billing') || ':' || keyed.external_id
    end as left_ref,
    case
      when keyed.object in ('ar_document', 'reversal') then 'ar_document:' || keyed.key
      when keyed.object = 'journal' then 'journal_line:' || split_part(keyed.key, '|', 2)
      else keyed.object || ':' || substr(keyed.key, instr(keyed.key, '|') + 1)
    end as right_ref,
    cast(null as timestamp) as due_at,
    case
      when keyed.last_date > keyed.first_date
        then
          keyed.subject || ' over ' || {{ money_words('keyed.amount_minor', 'keyed.currency_code') }}
          || ' is taken as posted right in ' || keyed.posted_period || ': by ' || keyed.date_words
          || ' it may belong to ' || keyed.policy_period || ' or ' || keyed.other_period
    end as matched_reason
  from keyed
  left join invoices
    on
      invoices.source_instance = keyed.billing_instance
      and invoices.object = keyed.external_object
      and invoices.key = keyed.external_id
  left join not_testable as own_key
    on
      own_key.source_instance = keyed.billing_instance
      and own_key.kind = keyed.external_object
      and own_key.key = keyed.external_id
  left join rejected_periods on rejected_periods.source_instance = keyed.source_instance
  where keyed.rank = 1
)
{{ reconcile('compared', code='R21', tolerance='T0', domains=['erp'], matched_reason='matched_reason') }}
