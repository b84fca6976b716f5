-- One row per control: what it compares, how exactly, who owns a failure and what to do about it.
{% set catalogue = control_catalogue() %}
with catalogue as (
  {% for control in catalogue %}
  select
    {{ text_literal(control.code) }} as code,
    {{ text_literal(control.name) }} as name,
    {{ text_literal(control.title) }} as title,
    {{ text_literal(control.severity) }} as severity,
    {{ text_literal(control.owner_role) }} as owner_role,
    {{ text_literal(control.tolerance) }} as tolerance,
    {{ text_literal(control.window) }} as timing_window,
    {{ text_literal(control.objects | join(', ')) }} as objects,
    {{ text_literal(control.words) }} as words,
    {{ text_literal(control.get('next_step') or control.words) }} as next_step,
    {{ text_literal(control.model) }} as model_name
  {% if not loop.last %}union all{% endif %}
  {% else %}
  select
    cast(null as {{ dbt.type_string() }}) as code,
    cast(null as {{ dbt.type_string() }}) as name,
    cast(null as {{ dbt.type_string() }}) as title,
    cast(null as {{ dbt.type_string() }}) as severity,
    cast(null as {{ dbt.type_string() }}) as owner_role,
    cast(null as {{ dbt.type_string() }}) as tolerance,
    cast(null as {{ dbt.type_string() }}) as timing_window,
    cast(null as {{ dbt.type_string() }}) as objects,
    cast(null as {{ dbt.type_string() }}) as words,
    cast(null as {{ dbt.type_string() }}) as next_step,
    cast(null as {{ dbt.type_string() }}) as model_name
  {% endfor %}
)

select
  code,
  name,
  title,
  severity,
  owner_role,
  tolerance,
  timing_window,
  objects,
  words,
  next_step,
  model_name
from catalogue
where code is not null
