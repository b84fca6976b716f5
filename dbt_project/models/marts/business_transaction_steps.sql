-- One row per step of a business transaction and workflow: where did it happen, when, how long after the event that it
-- follows, and is that within its allowed lag? What has not happened runs until as_of.
-- States: done, late (there, but after its time), waiting (not due), failed (rejected or dead-lettered), missing
-- (overdue).
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

steps as (
  {% for part in ['step_contract', 'step_usage', 'step_invoice', 'step_payment'] %}
  select {{ transaction_step_columns() | join(', ') }} from {{ ref(part) }}
  {% if not loop.last %}union all{% endif %}
  {% endfor %}
),

judged as (
  select
    steps.*,
    parameters.as_of,
    case
      when steps.is_there and steps.is_time_known and steps.occurred_at > steps.due_at then 'late'
      when steps.is_there then 'done'
      when not steps.is_needed or steps.due_at > parameters.as_of then 'waiting'
      when steps.failure_class is not null then 'failed'
      else 'missing'
    end as state
  from steps
  cross join parameters
)

select
  workflow,
  business_transaction_id,
  source_instance,
  correlation_id,
  cast(step_number as integer) as step_number,
  step,
  system,
  document,
  started_at,
  occurred_at,
  due_at,
  cast({{ minutes_between('started_at', 'due_at') }} as bigint) as allowed_lag_minutes,
  cast(
    case
      when not is_needed then null
      when is_there and not is_time_known and occurred_at > due_at then null
      -- a date without a time, or a month that runs, lies before what it follows
      else greatest(0, {{ minutes_between('started_at', 'case when is_there then occurred_at else as_of end') }})
    end as bigint
  ) as lag_minutes,
  state,
  case when state in ('failed', 'missing', 'waiting') then failure end as failure,
  case when state = 'failed' then failure_class end as failure_class,
  effect_minor,
  currency_code,
  legal_entity_code,
  customer_id,
  period,
  case when state = 'failed' and failure_class = 'transport' then 'IntegrationOps' else owner_role end as owner_role
from judged
