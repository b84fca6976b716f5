-- One row per measure whose data no system and no person has recorded yet: which figures are not known? Unknown is said
-- in words, never shown as zero.
{% set unknown = [
  (
    'leakage_recovered_percent',
    'leakage that was billed after it was found / expected, minor units',
    'No run before this one is kept to tell what was found and billed since',
  ),
  (
    'time_to_assign_hours_median',
    'hours from first seen to assigned: half do not exceed it',
    'No exception has been assigned: assignments are not recorded yet',
  ),
  (
    'time_to_assign_hours_p90',
    'hours from first seen to assigned: 90 % do not exceed it',
    'No exception has been assigned: assignments are not recorded yet',
  ),
  (
    'time_to_resolve_hours_median',
    'hours from first seen to resolved: half do not exceed it',
    'No exception has been resolved: resolutions are not recorded yet',
  ),
  (
    'time_to_resolve_hours_p90',
    'hours from first seen to resolved: 90 % do not exceed it',
    'No exception has been resolved: resolutions are not recorded yet',
  ),
  (
    'false_positive_percent',
    'exceptions closed as no difference / exceptions closed',
    'No exception has been closed: dispositions are not recorded yet',
  ),
  (
    'write_offs_minor',
    'amount written off with approval, minor units',
    'No write-off has been approved: dispositions are not recorded yet',
  ),
  (
    'reopened_periods',
    'periods reopened after a hard close, count',
    'The calendar holds the present state of a period; reopenings are not recorded yet',
  ),
  (
    'reopened_exceptions',
    'exceptions that came back after they were closed, count',
    'No exception has been closed: dispositions are not recorded yet',
  ),
  (
    'replay_state_changed',
    'messages whose replay changed the state, count; target 0',
    'No replay of a message has been recorded: a state before and after one is needed',
  )
] %}
{% for kpi, formula, reason in unknown %}
select
  '{{ kpi }}' as kpi,
  cast(null as {{ dbt.type_string() }}) as legal_entity_code,
  cast(null as {{ dbt.type_string() }}) as currency_code,
  cast(null as {{ dbt.type_string() }}) as period,
  cast(null as bigint) as numerator,
  cast(null as bigint) as denominator,
  1 as scale,
  '{{ formula }}' as formula,
  '{{ reason }}' as reason
{% if not loop.last %}union all{% endif %}
{% endfor %}
