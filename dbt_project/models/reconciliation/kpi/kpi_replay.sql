-- One row per measure: what has become of the dead letters, and does any record count twice because a replay brought it
-- in?
{% set states = [
  ('open', 'rejected rows and refused files that wait and were not replayed, count'),
  ('refused_again', 'rejected rows and refused files that wait after a replay that refused them again, count'),
  ('replayed', 'rejected rows and refused files that a replay has rescued, count'),
  ('mended_at_source', 'rejected rows and refused files that their source has delivered again in order, count'),
] %}
with letters as (
  select * from {{ ref('dead_letters') }}
),

replays as (
  select * from {{ source('landed', 'replays') }}
),

counted as (
  {% for state, formula in states %}
  select 'dead_letters_{{ state }}' as kpi, count(*) as numerator, '{{ formula }}' as formula
  from letters
  where state = '{{ state }}'
  union all
  {% endfor %}
  select
    'replay_double_effect_count' as kpi,
    coalesce(sum(double_effect_count), 0) as numerator,
    'records that a replay brought in and that count more than once, count; target 0' as formula
  from replays
)

select
  kpi,
  cast(null as {{ dbt.type_string() }}) as legal_entity_code,
  cast(null as {{ dbt.type_string() }}) as currency_code,
  cast(null as {{ dbt.type_string() }}) as period,
  numerator,
  1 as denominator,
  1 as scale,
  formula,
  cast(null as {{ dbt.type_string() }}) as reason
from counted
