-- One row per control, source instance and match key: what was compared, what came of it, and why in words. A result
-- that depends on an inadmissible or absent object is shown as not tested, never as matched and never as a break.
with results as (
  {% for model in control_models() %}
  select
    code, source_instance, match_key, legal_entity_code, customer_id, currency_code, period, left_value, right_value,
    delta_minor, delta_quantity, status, cause_code, failure_class, reason, left_ref, right_ref, due_at
  from {{ ref(model) }}
  {% if not loop.last %}union all{% endif %}
  {% endfor %}
),

inadmissible as (
  select * from {{ ref('inadmissible_scope') }}
),

-- names alone: were the results themselves asked twice, all of them would be held in memory
named as (
  {% for model in control_models() %}
  select code, source_instance from {{ ref(model) }}
  {% if not loop.last %}union all{% endif %}
  {% endfor %}
),

with_records as (
  select distinct
    inadmissible.code,
    inadmissible.source_instance
  from inadmissible
  inner join {{ source('config', 'instance_links') }} as links on links.source_instance = inadmissible.source_instance
  inner join named on named.code = inadmissible.code and named.source_instance = links.linked_instance
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
  case
    when results.match_key like 'not connected|%' then results.reason
    else coalesce(inadmissible.reason, results.reason)
  end as reason,
  results.left_ref,
  results.right_ref,
  results.due_at
from results
left join inadmissible
  on
    inadmissible.code = results.code
    and inadmissible.source_instance = results.source_instance
    and inadmissible.legal_entity_code is not distinct from results.legal_entity_code

union all

-- without a single record to compare, the control itself is shown as not tested: silence would read as clean
select
  inadmissible.code,
  inadmissible.source_instance,
  'not testable|' || inadmissible.source_instance as match_key,
  cast(null as {{ dbt.type_string() }}) as legal_entity_code,
  cast(null as {{ dbt.type_string() }}) as customer_id,
  cast(null as {{ dbt.type_string() }}) as currency_code,
  cast(null as {{ dbt.type_string() }}) as period,
  cast(null as decimal(38, 9)) as left_value,
  cast(null as decimal(38, 9)) as right_value,
  cast(null as bigint) as delta_minor,
  cast(null as decimal(38, 9)) as delta_quantity,
  'not_testable' as status,
  cast(null as {{ dbt.type_string() }}) as cause_code,
  cast(null as {{ dbt.type_string() }}) as failure_class,
  inadmissible.reason,
  cast(null as {{ dbt.type_string() }}) as left_ref,
  cast(null as {{ dbt.type_string() }}) as right_ref,
  cast(null as timestamp) as due_at
from inadmissible
left join with_records
  on with_records.code = inadmissible.code and with_records.source_instance = inadmissible.source_instance
where inadmissible.legal_entity_code is null and with_records.code is null
