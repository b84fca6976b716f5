-- One row per contract and product whose billing is deferred: does its revenue schedule, after the newest version, sum
-- to what was deferred, and does it end with the contract? An upgrade that was billed and never scheduled stays
-- deferred for ever; a tail after the end is revenue for a service that nobody gets.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

schedules as (
  select * from {{ ref('revenue_schedule') }} where status in ('planned', 'recognized')
),

scheduled_keys as (
  select distinct source_instance, contract_id, sku
  from schedules
),

-- what is deferred without a schedule by its nature (prepaid, drawn down) is outside
lines as (
  select deferred.*
  from {{ ref('deferred_line') }} as deferred
  left join scheduled_keys
    on
      scheduled_keys.source_instance = deferred.source_instance
      and scheduled_keys.contract_id = deferred.contract_id
      and scheduled_keys.sku = deferred.sku
  where deferred.kind = 'recurring' or scheduled_keys.sku is not null
),

calendar as (
  select * from {{ ref('accounting_period') }}
),

-- before its period's soft close a document's schedule may still be missing (Wr)
documents as (
  select
    lines.source_instance,
    lines.contract_id,
    lines.sku,
    lines.document_id,
    lines.period,
    sum(lines.amount_minor) as amount_minor,
    max(case
      when calendar.status in ('soft_closed', 'hard_closed') then coalesce(calendar.closed_at, calendar.updated_at)
      else greatest(
        cast({{ add_days(
          'coalesce(calendar.end_date, ' ~ add_days(next_month_start(period_start('lines.period')), -1) ~ ')', 1
        ) }} as timestamp),
        {{ add_hours('parameters.as_of', 24) }}
      )
    end) as due_at
  from lines
  cross join parameters
  left join calendar
    on
      calendar.source_instance = lines.source_instance
      and calendar.legal_entity_code = lines.legal_entity_code
      and calendar.period = lines.period
  group by lines.source_instance, lines.contract_id, lines.sku, lines.document_id, lines.period
),

-- documents of which not a single schedule row could be missing any more, and those that still have time
waiting as (
  select
    documents.source_instance, documents.contract_id, documents.sku, documents.due_at, documents.amount_minor,
    sum(documents.amount_minor) over (
      partition by documents.source_instance, documents.contract_id, documents.sku
    ) as together_minor
  from documents
  cross join parameters
  where documents.due_at > parameters.as_of
),

deferred as (
  select
    source_instance,
    contract_id,
    sku,
    count(distinct currency_code) as currencies,
    min(currency_code) as currency_code,
    min(legal_entity_code) as legal_entity_code,
    case when count(distinct customer_id) = 1 then min(customer_id) end as customer_id,
    min(crm_instance) as crm_instance,
    cast(sum(amount_minor) as bigint) as deferred_minor,
    max(service_end) as last_service_end,
    max(period) as last_period,
    count(*) as line_count,
    min(line_id) as first_line_id
  from lines
  group by source_instance, contract_id, sku
),

ends as (
  select source_instance, contract_id, end_date, version
  from {{ ref('contract') }}
),

scheduled as (
  select
    schedules.source_instance,
    schedules.contract_id,
    schedules.sku,
    min(schedules.currency_code) as currency_code,
    count(distinct schedules.currency_code) as currencies,
    min(schedules.legal_entity_code) as legal_entity_code,
    min(schedules.crm_instance) as crm_instance,
    max(schedules.contract_version) as contract_version,
    cast(sum(schedules.amount_minor) as bigint) as scheduled_minor,
    max(schedules.period) as last_period
  from schedules
  group by schedules.source_instance, schedules.contract_id, schedules.sku
),

-- a period's label is no date: its calendar says when it begins, and the label itself where the entity keeps none
dated_schedules as (
  select
    schedules.source_instance,
    schedules.contract_id,
    schedules.sku,
    schedules.crm_instance,
    schedules.amount_minor,
    schedules.period,
    coalesce(calendar.start_date, {{ period_start_beyond('schedules.period', 'last_period') }}) as start_date
  from schedules
  left join calendar
    on
      calendar.source_instance = schedules.source_instance
      and calendar.legal_entity_code = schedules.legal_entity_code
      and calendar.period = schedules.period
  left join {{ ref('last_period') }} as last_period
    on
      last_period.source_instance = schedules.source_instance
      and last_period.legal_entity_code = schedules.legal_entity_code
),

tails as (
  select
    schedules.source_instance,
    schedules.contract_id,
    schedules.sku,
    cast(sum(schedules.amount_minor) as bigint) as tail_minor,
    min(schedules.period) as first_period
  from dated_schedules as schedules
  inner join ends on ends.source_instance = schedules.crm_instance and ends.contract_id = schedules.contract_id
  left join deferred
    on
      deferred.source_instance = schedules.source_instance
      and deferred.contract_id = schedules.contract_id
      and deferred.sku = schedules.sku
  where
    schedules.start_date >= ends.end_date
    and schedules.start_date >= coalesce(deferred.last_service_end, ends.end_date)
  group by schedules.source_instance, schedules.contract_id, schedules.sku
),

paired as (
  select
    coalesce(scheduled.source_instance, deferred.source_instance) as source_instance,
    coalesce(scheduled.contract_id, deferred.contract_id) as contract_id,
    coalesce(scheduled.sku, deferred.sku) as sku,
    coalesce(deferred.legal_entity_code, scheduled.legal_entity_code) as legal_entity_code,
    deferred.customer_id,
    coalesce(deferred.currency_code, scheduled.currency_code) as currency_code,
    coalesce(deferred.last_period, scheduled.last_period) as period,
    coalesce(deferred.crm_instance, scheduled.crm_instance) as crm_instance,
    scheduled.scheduled_minor,
    scheduled.contract_version,
    deferred.deferred_minor,
    deferred.line_count,
    deferred.first_line_id,
    coalesce(scheduled.currencies, 1) > 1 or coalesce(deferred.currencies, 1) > 1
    or scheduled.currency_code <> deferred.currency_code as has_currencies,
    coalesce(scheduled.scheduled_minor, 0) - coalesce(deferred.deferred_minor, 0) as delta_minor
  from scheduled
  full outer join deferred
    on
      deferred.source_instance = scheduled.source_instance
      and deferred.contract_id = scheduled.contract_id
      and deferred.sku = scheduled.sku
),

excused as (
  select
    paired.source_instance, paired.contract_id, paired.sku,
    max(waiting.due_at) as due_at
  from paired
  inner join waiting
    on
      waiting.source_instance = paired.source_instance
      and waiting.contract_id = paired.contract_id
      and waiting.sku = paired.sku
      and -paired.delta_minor in (waiting.amount_minor, waiting.together_minor)
  group by paired.source_instance, paired.contract_id, paired.sku
),

untested as (
  select paired.source_instance, paired.contract_id, paired.sku, min(records.reason) as reason
  from paired
  inner join {{ ref('schedule_not_testable') }} as records
    on
      records.source_instance = paired.source_instance
      and coalesce(records.contract_id, paired.contract_id) = paired.contract_id
      and coalesce(records.sku, paired.sku) = paired.sku
  group by paired.source_instance, paired.contract_id, paired.sku
),

compared as (
  select
    paired.source_instance,
    paired.contract_id || '|' || paired.sku as match_key,
    paired.legal_entity_code,
    paired.customer_id,
    paired.currency_code,
    paired.period,
    paired.scheduled_minor as left_value,
    paired.deferred_minor as right_value,
    case when paired.delta_minor = 0 then coalesce(tails.tail_minor, 0) else paired.delta_minor end as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    coalesce(tails.tail_minor, 0) <> 0 as has_fault,
    'schedule not rebuilt' as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    'Contract ' || paired.contract_id || ', ' || paired.sku || ', version '
    || coalesce(cast(ends.version as {{ dbt.type_string() }}), 'unknown') || ': the revenue schedule sums to '
    || {{ money_words('coalesce(paired.scheduled_minor, 0)', 'paired.currency_code') }} || ', its deferred billing to '
    || {{ money_words('coalesce(paired.deferred_minor, 0)', 'paired.currency_code') }} || case
      when paired.scheduled_minor is null then ': no schedule was ever made'
      when paired.deferred_minor is null then ': nothing of it was billed as deferred'
      when paired.delta_minor < 0
        then
          ': ' || {{ money_words('-paired.delta_minor', 'paired.currency_code') }}
          || ' was billed and will never become revenue; the schedule was not rebuilt'
          || coalesce(' after version ' || cast(nullif(ends.version, 1) as {{ dbt.type_string() }}), '')
      when paired.delta_minor > 0
        then
          ': ' || {{ money_words('paired.delta_minor', 'paired.currency_code') }}
          || ' would become revenue that was never billed; the schedule was not rebuilt'
      else ''
    end
    || case
      when tails.tail_minor <> 0
        then
          '; ' || {{ money_words('tails.tail_minor', 'paired.currency_code') }} || ' is scheduled from '
          || tails.first_period || ' on, after the end of the contract on '
          || cast(ends.end_date as {{ dbt.type_string() }})
      else ''
    end as reason,
    case
      when untested.reason is not null then 'Not tested: ' || untested.reason
      when ends.contract_id is null
        then
          'Not tested: contract ' || paired.contract_id || ' cannot be found in exactly one linked CRM (see R20)'
      when paired.has_currencies
        then 'Not tested: schedule and billing of contract ' || paired.contract_id || ' are in several currencies'
    end as not_testable_reason,
    'revenue_schedule:' || paired.contract_id || '|' || paired.sku as left_ref,
    'invoice_line:' || paired.first_line_id as right_ref,
    excused.due_at,
    paired.line_count as rounding_components
  from paired
  left join ends on ends.source_instance = paired.crm_instance and ends.contract_id = paired.contract_id
  left join tails
    on
      tails.source_instance = paired.source_instance
      and tails.contract_id = paired.contract_id
      and tails.sku = paired.sku
  left join excused
    on
      excused.source_instance = paired.source_instance
      and excused.contract_id = paired.contract_id
      and excused.sku = paired.sku
  left join untested
    on
      untested.source_instance = paired.source_instance
      and untested.contract_id = paired.contract_id
      and untested.sku = paired.sku
)
{{ reconcile('compared', code='R30', tolerance='T1', domains=['billing', 'crm', 'erp']) }}
