-- One row per control, source instance and match key: what was compared, what came of it, and why in words. A result
-- that depends on an inadmissible or absent object is shown as not tested, never as matched and never as a break.
with results as (
  {% for model in control_models() %}
  select * from {{ ref(model) }}
  {% if not loop.last %}union all{% endif %}
  {% endfor %}
),

inadmissible as (
  select * from {{ ref('inadmissible_scope') }}
)

select
  results.code,
  results.source_instance,
  results.match_key,
  results.legal_entity_code,
  results.customer_id,
  results.currency_code,
  results.period,
  results.left_value,
  results.right_value,
  results.delta_minor,
  results.delta_quantity,
  case when inadmissible.code is null then results.status else 'not_testable' end as status,
  case when inadmissible.code is null then results.cause_code end as cause_code,
  case when inadmissible.code is null then results.failure_class end as failure_class,
  coalesce(inadmissible.reason, results.reason) as reason,
  results.left_ref,
  results.right_ref,
  results.due_at
from results
left join inadmissible
  on
    inadmissible.code = results.code
    and inadmissible.source_instance = results.source_instance
    and inadmissible.legal_entity_code is not distinct from results.legal_entity_code
