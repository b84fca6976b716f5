-- One row per business transaction and workflow: has it reached every system in time, what is it worth, and who acts
-- next? The state is that of its worst step (failed, missing, waiting, late, done), whose system, document and owner
-- are shown; of several the first.
with judged as (
  select
    *,
    case state when 'failed' then 1 when 'missing' then 2 when 'waiting' then 3 when 'late' then 4 else 5 end as weight
  from {{ ref('business_transaction_steps') }}
),

-- of a finished transaction the last step speaks, of any other the first that holds it up; a step has its own number
steps as (
  select *, 100 * weight + case when weight = 5 then 50 - step_number else step_number end as turn
  from judged
),

totals as (
  select
    workflow,
    source_instance,
    business_transaction_id,
    min(turn) as first_turn,
    count(*) as step_count,
    count(case when state in ('done', 'late') then 1 end) as done_count,
    count(case when state = 'late' then 1 end) as late_count,
    count(case when state in ('failed', 'missing') then 1 end) as failed_count,
    min(started_at) as started_at,
    case when count(*) = count(case when state in ('done', 'late') then 1 end) then max(occurred_at) end
      as completed_at,
    max(lag_minutes) as lag_minutes
  from steps
  group by workflow, source_instance, business_transaction_id
)

select
  deciding.workflow,
  deciding.business_transaction_id,
  deciding.source_instance,
  deciding.correlation_id,
  deciding.step,
  deciding.system,
  deciding.document,
  deciding.occurred_at,
  deciding.due_at,
  deciding.state,
  deciding.failure,
  deciding.failure_class,
  cast(totals.step_count as bigint) as step_count,
  cast(totals.done_count as bigint) as done_count,
  cast(totals.late_count as bigint) as late_count,
  cast(totals.failed_count as bigint) as failed_count,
  totals.started_at,
  totals.completed_at,
  totals.lag_minutes,
  deciding.effect_minor,
  deciding.currency_code,
  deciding.legal_entity_code,
  deciding.customer_id,
  deciding.period,
  deciding.owner_role
from steps as deciding
inner join totals
  on
    totals.workflow = deciding.workflow
    and totals.source_instance = deciding.source_instance
    and totals.business_transaction_id = deciding.business_transaction_id
    and totals.first_turn = deciding.turn
