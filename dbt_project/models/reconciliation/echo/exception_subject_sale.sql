-- One row per open break and contract, usage or bill run that it is about: which findings speak of one thing?
{% set subject = ['exception_key', 'subject', 'instance', 'id'] %}
with opened as (
  select * from {{ ref('exception_opened') }}
),

links as (
  select * from {{ source('config', 'instance_links') }}
),

subscriptions as (
  select * from {{ ref('subscription') }}
),

lines as (
  select * from {{ ref('invoice_line') }}
),

contract_named as (
  select opened.exception_key, 'contract' as subject, links.linked_instance as instance, opened.part_1 as id
  from opened
  inner join links on links.source_instance = opened.source_instance and links.domain = 'crm'
  where opened.code in ('R09', 'R30')
),

contract_sku_named as (
  select opened.exception_key, 'contract_sku' as subject, links.linked_instance as instance, opened.match_key as id
  from opened
  inner join links on links.source_instance = opened.source_instance and links.domain = 'crm'
  where opened.code = 'R30'
),

contract_amended as (
  select
    opened.exception_key, 'contract' as subject, versions.source_instance as instance, versions.contract_id as id
  from opened
  inner join {{ ref('contract_version') }} as versions
    on
      versions.source_instance = opened.source_instance
      and versions.business_transaction_id = opened.match_key
  where opened.code = 'R10'
),

-- a subscription speaks for its contract
contract_of_subscription as (
  select
    opened.exception_key, 'contract' as subject, subscriptions.crm_instance as instance, subscriptions.contract_id as id
  from opened
  inner join subscriptions
    on subscriptions.source_instance = opened.source_instance and subscriptions.subscription_id = opened.part_1
  where opened.code = 'R01' and subscriptions.contract_id is not null
),

contract_of_line as (
  select
    opened.exception_key, 'contract' as subject, subscriptions.crm_instance as instance, subscriptions.contract_id as id
  from opened
  inner join lines on lines.source_instance = opened.source_instance and lines.line_id = opened.match_key
  inner join subscriptions
    on
      subscriptions.source_instance = lines.source_instance
      and subscriptions.subscription_id = lines.subscription_id
  where opened.code = 'R06' and subscriptions.contract_id is not null
),

contract_sku_of_invoice as (
  select
    opened.exception_key, 'contract_sku' as subject, subscriptions.crm_instance as instance,
    subscriptions.contract_id || '|' || lines.sku as id
  from opened
  inner join lines on lines.source_instance = opened.source_instance and lines.invoice_id = opened.match_key
  inner join subscriptions
    on
      subscriptions.source_instance = lines.source_instance
      and subscriptions.subscription_id = lines.subscription_id
  where opened.code = 'R14' and subscriptions.contract_id is not null
),

-- keys that are themselves what two controls share
key_shared as (
  select
    exception_key,
    case
      when code in ('R01', 'R02') then 'subscription_sku'
      when code in ('R03', 'R04') then 'usage'
      when code in ('R06', 'R11', 'R12') then 'line'
      else 'sku'
    end as subject,
    source_instance as instance,
    match_key as id
  from opened
  where code in ('R01', 'R02', 'R03', 'R04', 'R06', 'R11', 'R12', 'R37')
),

line_orphaned as (
  select exception_key, 'line' as subject, source_instance as instance, after_part_1 as id
  from opened
  where code = 'R20' and part_1 = 'invoice_lines'
),

usage_of_event as (
  select
    opened.exception_key, 'usage' as subject, links.linked_instance as instance,
    events.subscription_id || '|' || events.meter_code || '|'
    || cast({{ month_start('events.occurred_at') }} as {{ dbt.type_string() }}) as id
  from opened
  inner join {{ ref('usage_repeat') }} as events
    on
      events.source_instance = opened.source_instance
      and events.event_id = opened.after_part_1
      and events.copy_number = 1
  inner join links on links.source_instance = events.source_instance and links.domain = 'billing'
  where opened.code = 'R19' and opened.part_1 = 'usage_events'
),

-- equal quantity, opposite sign: what one subscription lacks, the other has
usage_moved as (
  select
    exception_key, 'moved_usage' as subject, source_instance as instance,
    part_2 || '|' || part_3 || '|' || cast(abs(delta_quantity) as {{ dbt.type_string() }}) as id
  from opened
  where finding = 'R03_moved' and delta_quantity <> 0
),

month_moved as (
  select
    opened.exception_key, 'moved_month' as subject, opened.source_instance as instance,
    opened.part_1 || '|' || opened.part_2 || '|' || cast(abs(opened.delta_quantity) as {{ dbt.type_string() }}) || '|'
    || cast({{ add_months('try_cast(opened.part_3 as date)', 'steps.step') }} as {{ dbt.type_string() }}) as id
  from opened
  cross join (values (0), (1)) as steps (step)
  where opened.finding = 'R04_moved' and opened.delta_quantity <> 0
),

period_billed as (
  select
    exception_key, 'bill_run' as subject, source_instance as instance,
    part_1 || '|' || cast({{ month_start('try_cast(part_2 as date)') }} as {{ dbt.type_string() }}) as id
  from opened
  where code = 'R13'
),

with_fees as (
  select distinct items.source_instance, items.subscription_id
  from {{ ref('subscription_item') }} as items
  inner join {{ ref('sku') }} as skus on skus.source_instance = items.source_instance and skus.sku = items.sku
  where skus.kind = 'recurring'
),

-- usage is billed with the fees of the month after it, where there are any
usage_unbilled as (
  select
    opened.exception_key, 'bill_run' as subject, opened.source_instance as instance,
    opened.part_1 || '|'
    || cast({{
      add_months(
        month_start('try_cast(opened.part_3 as date)'), 'case when with_fees.subscription_id is null then 0 else 1 end'
      )
    }} as {{ dbt.type_string() }}) as id
  from opened
  left join with_fees
    on with_fees.source_instance = opened.source_instance and with_fees.subscription_id = opened.part_1
  where opened.finding = 'R05_skipped'
),

invoice_surplus as (
  select distinct
    opened.exception_key, 'bill_run' as subject, lines.source_instance as instance,
    lines.subscription_id || '|'
    || cast({{ month_start('lines.service_start') }} as {{ dbt.type_string() }}) as id
  from opened
  inner join lines on lines.source_instance = opened.source_instance and lines.invoice_id = opened.after_part_1
  where opened.code = 'R19' and opened.part_1 = 'invoices'
),

proration_half as (
  select
    opened.exception_key, 'proration' as subject, lines.source_instance as instance,
    lines.invoice_id || '|' || lines.subscription_id as id
  from opened
  inner join lines on lines.source_instance = opened.source_instance and lines.line_id = opened.match_key
  where opened.finding = 'R06_prorated' and lines.is_proration
),

prepaid_carried as (
  select
    exception_key, 'carried' as subject, source_instance as instance,
    code || '|' || part_1 || '|' || part_2 || '|' || coalesce(currency_code, '') || '|'
    || cast(delta_minor as {{ dbt.type_string() }}) as id
  from opened
  where code in ('R07', 'R31') and delta_minor <> 0
),

numbers as (
  select
    exception_key,
    source_instance,
    substr(match_key, 1, length(match_key) - {{ trailing_digits('match_key') }}) as series,
    {{ trailing_digits('match_key') }} as digits,
    try_cast(
      substr(match_key, length(match_key) - {{ trailing_digits('match_key') }} + 1) as decimal(38, 0)
    ) as number
  from opened
  where code = 'R18' and {{ trailing_digits('match_key') }} between 1 and 18
),

-- consecutive numbers keep the same distance to their rank
number_run as (
  select
    exception_key, 'number_run' as subject, source_instance as instance,
    series || '|' || cast(digits as {{ dbt.type_string() }}) || '|'
    || cast(
      number - dense_rank() over (partition by source_instance, series, digits order by number)
      as {{ dbt.type_string() }}
    ) as id
  from numbers
)

{% for part in [
  'contract_named', 'contract_sku_named', 'contract_amended', 'contract_of_subscription', 'contract_of_line',
  'contract_sku_of_invoice', 'key_shared', 'line_orphaned', 'usage_of_event', 'usage_moved', 'month_moved',
  'period_billed', 'usage_unbilled', 'invoice_surplus', 'proration_half', 'prepaid_carried', 'number_run',
] %}
select {{ subject | join(', ') }} from {{ part }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
