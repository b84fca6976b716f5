-- One row per legal entity and accounting period: can it be closed, and if not, which gate says no?
-- A gate that could not be tested is not passed: half of the evidence clears nothing.
{%- set gates = [
  ('R22', 'gate_interface', 'Interface', 'record', 'unaccounted for between the systems'),
  ('R14', 'gate_receivables', 'Receivables', 'invoice', 'not posted as billed'),
  ('R31', 'gate_deferred_revenue', 'Deferred revenue', 'account', 'whose rollforward does not reach the ledger'),
  ('R33', 'gate_control_account', 'Control account', 'account', 'not equal to the subledger'),
] %}
{%- set columns = ['gate_source_health'] + gates | map(attribute=1) | list + ['gate_unexplained', 'gate_open_s1'] %}
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

calendar as (
  select * from {{ ref('accounting_period') }}
),

entities as (
  select * from {{ ref('legal_entity') }}
),

materiality as (
  select * from {{ ref('materiality') }}
),

links as (
  select source_instance, linked_instance as erp_instance
  from {{ source('config', 'instance_links') }}
  where domain = 'erp'
),

-- two ERPs may use one entity code: a result speaks only for the books that its own instance is linked to
results as (
  select links.erp_instance, found.*
  from {{ ref('reconciliation_results') }} as found
  inner join links on links.source_instance = found.source_instance
),

-- the sources whose health an entity's close rests on: its ERP and all that it is linked to
sources_of as (
  select distinct source_instance, linked_instance
  from {{ source('config', 'instance_links') }}
),

health as (
  select
    sources_of.source_instance,
    count(*) filter (where objects.state = 'inadmissible') as failing_objects,
    count(*) filter (where objects.state = 'absent' and not objects.is_optional) as absent_objects,
    {{ joined_text(
      "case when objects.state = 'inadmissible' or (objects.state = 'absent' and not objects.is_optional)"
      ~ " then objects.source_instance || '|' || objects.object end", ', '
    ) }} as objects
  from sources_of
  inner join {{ ref('object_state') }} as objects on objects.source_instance = sources_of.linked_instance
  group by sources_of.source_instance
),

freshness as (
  select
    sources_of.source_instance,
    max(health.last_extracted_at) as known_at,
    min(health.last_extracted_at) as oldest_extracted_at,
    max(health.freshness_hours) as oldest_freshness_hours,
    count(*) filter (where health.status = 'not_testable' and health.run_batches > 0) as without_sidecar
  from sources_of
  inner join {{ ref('source_health') }} as health on health.source_instance = sources_of.linked_instance
  group by sources_of.source_instance
),

counted as (
  select
    erp_instance,
    legal_entity_code,
    period,
    {%- for code, _, _, _, _ in gates %}
    count(*) filter (where code = '{{ code }}' and status = 'break') as {{ code | lower }}_breaks,
    count(*) filter (where code = '{{ code }}' and status = 'not_testable') as {{ code | lower }}_untested,
    {%- endfor %}
    count(*) as results
  from results
  where legal_entity_code is not null and period is not null
  group by erp_instance, legal_entity_code, period
),

-- results without entity or period (a rejected invoice, a system that is not connected) may belong to any of them
unplaced as (
  select
    erp_instance,
    {%- for code, _, _, _, _ in gates %}
    count(*) filter (where code = '{{ code }}' and status = 'not_testable') as {{ code | lower }}_untested,
    {%- endfor %}
    count(*) as results
  from results
  where legal_entity_code is null or period is null
  group by erp_instance
),

-- what belongs to no period (a contract, a customer record) holds every one that has begun and may still change
open_s1 as (
  select
    calendar.source_instance,
    calendar.legal_entity_code,
    calendar.period,
    count(*) as exceptions,
    {{ joined_text('opened.code') }} as controls
  from calendar
  cross join parameters
  inner join links on links.erp_instance = calendar.source_instance
  inner join {{ ref('exceptions') }} as opened
    on
      opened.source_instance = links.source_instance
      and coalesce(opened.legal_entity_code, calendar.legal_entity_code) = calendar.legal_entity_code
      and (
        opened.period = calendar.period
        or (
          opened.period is null
          and calendar.status <> 'hard_closed'
          and cast(calendar.start_date as timestamp) <= parameters.as_of
        )
      )
  where opened.severity = 'S1' and opened.code <> 'R38'
  group by calendar.source_instance, calendar.legal_entity_code, calendar.period
),

unexplained_breaks as (
  select
    calendar.source_instance,
    results.legal_entity_code,
    results.period,
    cast(abs(results.delta_minor) as {{ whole() }}) as amount_minor,
    rates.numerator,
    rates.denominator
  from results
  inner join calendar
    on
      calendar.source_instance = results.erp_instance
      and calendar.legal_entity_code = results.legal_entity_code
      and calendar.period = results.period
  left join {{ ref('entity_rate') }} as rates
    on
      rates.source_instance = calendar.source_instance
      and rates.legal_entity_code = results.legal_entity_code
      and rates.period = results.period
      and rates.currency_code = results.currency_code
  where results.status = 'break' and (results.cause_code is null or results.cause_code like '_99')
),

unexplained as (
  select
    source_instance,
    legal_entity_code,
    period,
    count(*) as breaks,
    cast(sum({{ mul_div_round('amount_minor', 'numerator', 'denominator') }}) as decimal(38, 0)) as amount_minor,
    count(*) filter (where amount_minor is null or numerator is null) as without_amount
  from unexplained_breaks
  group by source_instance, legal_entity_code, period
),

-- a cap is held by a run, not by a period: it closes no gate, and is told wherever books may still be corrected
breached_caps as (
  select
    erp_instance,
    legal_entity_code,
    {{ joined_text(
      "code || ' in ' || currency_code || ': ' || " ~ money_words('absolute_base_minor', 'base_currency_code')
      ~ " || ' against a cap of ' || " ~ money_words('cap_minor', 'base_currency_code'), '; '
    ) }} as words
  from {{ ref('tolerance_budget') }}
  where state = 'breached'
  group by erp_instance, legal_entity_code
),

gated as (
  select
    calendar.source_instance,
    calendar.legal_entity_code,
    entities.name as legal_entity_name,
    calendar.period,
    calendar.start_date,
    calendar.end_date,
    calendar.status as period_state,
    materiality.has_ended,
    entities.base_currency_code,
    materiality.revenue_minor,
    materiality.clearly_trivial_minor,
    coalesce(unexplained.amount_minor, 0) as unexplained_minor,
    coalesce(unexplained.breaks, 0) as unexplained_breaks,
    coalesce(open_s1.exceptions, 0) as open_s1_exceptions,
    open_s1.controls as open_s1_controls,
    case
      when calendar.status not in ('hard_closed', 'future')
        then
          nullif(
            trim(
              coalesce(
                'Differences within tolerance add up to more than the cap of a run: ' || breached_caps.words || '. ', ''
              )
              || case
                when freshness.without_sidecar > 0
                  then
                    'Not tested for age and completeness, for want of a sidecar: '
                    || {{ counted('freshness.without_sidecar', 'object') }} || ' (R38).'
                else ''
              end
            ),
            ''
          )
    end as note,
    health.objects as failing_objects,
    freshness.known_at,
    freshness.oldest_extracted_at,
    freshness.oldest_freshness_hours,
    {%- for code, _, _, _, _ in gates %}
    {%- set control = code | lower %}
    coalesce(counted.{{ control }}_breaks, 0) as {{ control }}_breaks,
    coalesce(counted.{{ control }}_untested, 0) + coalesce(unplaced.{{ control }}_untested, 0)
      as {{ control }}_untested,
    {%- endfor %}
    case
      when health.failing_objects > 0 then 'failed'
      when health.absent_objects > 0 then 'not_testable'
      else 'passed'
    end as gate_source_health,
    {%- for code, gate, _, _, _ in gates %}
    {%- set control = code | lower %}
    case
      when counted.{{ control }}_breaks > 0 then 'failed'
      when coalesce(counted.{{ control }}_untested, 0) + coalesce(unplaced.{{ control }}_untested, 0) > 0
        then 'not_testable'
      else 'passed'
    end as {{ gate }},
    {%- endfor %}
    case
      when unexplained.amount_minor > 0 and unexplained.amount_minor >= materiality.clearly_trivial_minor then 'failed'
      when unexplained.without_amount > 0 or materiality.clearly_trivial_minor is null then 'not_testable'
      else 'passed'
    end as gate_unexplained,
    case when open_s1.exceptions > 0 then 'failed' else 'passed' end as gate_open_s1
  from calendar
  left join entities
    on entities.source_instance = calendar.source_instance and entities.legal_entity_code = calendar.legal_entity_code
  left join materiality
    on
      materiality.source_instance = calendar.source_instance
      and materiality.legal_entity_code = calendar.legal_entity_code
      and materiality.period = calendar.period
  left join health on health.source_instance = calendar.source_instance
  left join freshness on freshness.source_instance = calendar.source_instance
  left join unplaced on unplaced.erp_instance = calendar.source_instance
  left join breached_caps
    on
      breached_caps.erp_instance = calendar.source_instance
      and breached_caps.legal_entity_code = calendar.legal_entity_code
  left join counted
    on
      counted.erp_instance = calendar.source_instance
      and counted.legal_entity_code = calendar.legal_entity_code
      and counted.period = calendar.period
  left join open_s1
    on
      open_s1.source_instance = calendar.source_instance
      and open_s1.legal_entity_code = calendar.legal_entity_code
      and open_s1.period = calendar.period
  left join unexplained
    on
      unexplained.source_instance = calendar.source_instance
      and unexplained.legal_entity_code = calendar.legal_entity_code
      and unexplained.period = calendar.period
)

select
  source_instance,
  legal_entity_code,
  legal_entity_name,
  period,
  start_date,
  end_date,
  period_state,
  case
    when not has_ended then 'running'
    when 'failed' in ({{ columns | join(', ') }}) or 'not_testable' in ({{ columns | join(', ') }})
      then 'blocked'
    else 'ready'
  end as readiness,
  {%- for column in columns %}
  {{ column }},
  {%- endfor %}
  nullif(
    case gate_source_health
      when 'failed' then 'Source health: ' || failing_objects || ' failed (R38). '
      when 'not_testable' then 'Source health: ' || failing_objects || ' never delivered. '
      else ''
    end
    {%- for code, gate, title, noun, words in gates %}
    || case {{ gate }}
      when 'failed'
        then
          '{{ title }}: ' || {{ counted(code | lower ~ '_breaks', noun) }}
          || ' {{ words }} ({{ code }}). '
      when 'not_testable'
        then
          '{{ title }}: ' || {{ counted(code | lower ~ '_untested', 'result') }}
          || ' not tested ({{ code }}). '
      else ''
    end
    {%- endfor %}
    || case gate_unexplained
      when 'failed'
        then
          'Unexplained: ' || {{ money_words('unexplained_minor', 'base_currency_code') }} || ' against a threshold of '
          || {{ money_words('clearly_trivial_minor', 'base_currency_code') }} || '. '
      when 'not_testable' then 'Unexplained: an amount could not be translated or valued. '
      else ''
    end
    || case gate_open_s1
      when 'failed'
        then
          'Open and blocking (S1): ' || cast(open_s1_exceptions as {{ dbt.type_string() }}) || ' in '
          || open_s1_controls || '. '
      else ''
    end,
    ''
  ) as blocking_gates,
  base_currency_code,
  revenue_minor,
  unexplained_minor,
  clearly_trivial_minor as unexplained_threshold_minor,
  unexplained_breaks,
  open_s1_exceptions,
  known_at,
  oldest_extracted_at,
  cast(oldest_freshness_hours as bigint) as oldest_freshness_hours,
  note
from gated
