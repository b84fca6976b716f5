-- One row per open break: which records, how much, why, who owns it and what next? The key leaves out amount, run and
-- cause, so that "missing in the ERP" that turns into "amount differs" is the same case.
with breaks as (
  select * from {{ ref('exception_opened') }}
),

roots as (
  select * from {{ ref('exception_root') }}
),

controls as (
  select * from {{ ref('controls') }}
),

parameters as (
  select * from {{ source('config', 'parameters') }}
),

-- a difference may be graver or lighter than its control: a rogue write to a tax id is no misspelt name
own_severity as (
  {% for model in control_models_with_severity() %}
  select code, source_instance, match_key, severity from {{ ref(model) }} where severity is not null
  {% if not loop.last %}union all{% endif %}
  {% endfor %}
),

-- what is surplus or names nothing is mended by who keeps the object of the record, the first part of its key
keepers as (
  select source_instance, object, owner_role from {{ source('config', 'source_objects') }}
),

first_seen as (
  select
    code,
    source_instance,
    match_key,
    min(first_seen_at) as first_seen_at
  from {{ source('config', 'first_seen') }}
  group by code, source_instance, match_key
),

opened as (
  select
    breaks.*,
    roots.root_exception_key,
    roots.root_reason,
    coalesce(own_severity.severity, controls.severity) as severity,
    coalesce(keepers.owner_role, controls.owner_role) as owner_role,
    controls.next_step,
    -- no break was seen after now, whatever a clock that has gone back since had said
    least(coalesce(first_seen.first_seen_at, parameters.as_of), parameters.as_of) as first_seen_at
  from breaks
  cross join parameters
  inner join roots on roots.exception_key = breaks.exception_key
  inner join controls on controls.code = breaks.code
  left join keepers
    on
      breaks.code in ('R19', 'R20')
      and keepers.source_instance = breaks.source_instance
      and keepers.object = split_part(breaks.match_key, '|', 1)
  left join own_severity
    on
      own_severity.code = breaks.code
      and own_severity.source_instance = breaks.source_instance
      and own_severity.match_key = breaks.match_key
  left join first_seen
    on
      first_seen.code = breaks.code
      and first_seen.source_instance = breaks.source_instance
      and first_seen.match_key = breaks.match_key
)

select
  exception_key,
  code,
  source_instance,
  match_key,
  cause_code,
  delta_minor,
  delta_quantity,
  currency_code,
  legal_entity_code,
  customer_id,
  period,
  severity,
  -- a message that never arrived is resent by those who run the interface, whoever owns the document
  case when failure_class = 'transport' and code <> 'R38' then 'IntegrationOps' else owner_role end as owner_role,
  'new' as state,
  reason,
  next_step,
  failure_class,
  cast(case severity
    when 'S1' then {{ add_hours('first_seen_at', 4) }}
    when 'S2' then {{ add_hours('first_seen_at', 48) }}
    when 'S3' then {{ add_hours('first_seen_at', 120) }}
  end as timestamp) as due_at,
  left_ref,
  right_ref,
  cast(first_seen_at as timestamp) as first_seen_at,
  root_exception_key,
  root_reason
from opened
