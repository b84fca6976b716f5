-- One row per source and object: is its snapshot fit to be reconciled, and if not, why?
-- What depends on how often files were delivered stands in columns run_*.
{%- set failure_classes = ['transport', 'business_rule', 'accounting_control'] %}
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

health as (
  select * from {{ ref('reconciliation_results') }} where code = 'R38'
),

objects as (
  select
    objects.source_instance,
    objects.domain,
    objects.object,
    objects.is_optional,
    objects.owner_role,
    sources.freshness_limit_hours
  from {{ source('config', 'source_objects') }} as objects
  inner join {{ source('config', 'sources') }} as sources on sources.source_instance = objects.source_instance
),

batches as (
  select
    source_instance,
    object,
    max(extracted_at) as last_extracted_at,
    cast(sum(accepted_rows) as bigint) as accepted_rows,
    cast(sum(received_rows) as bigint) as run_received_rows,
    cast(sum(duplicate_rows) as bigint) as run_duplicate_rows,
    cast(sum(quarantined_rows) as bigint) as run_quarantined_rows,
    cast(sum(reported_row_count) as bigint) as run_reported_rows,
    count(*) as run_batches,
    count(*) filter (where state = 'refused') as run_refused_batches
  from {{ source('landed', 'batches') }}
  group by source_instance, object
),

rejected as (
  select
    source_instance,
    object,
    {%- for class in failure_classes %}
    count(distinct case when failure_class = '{{ class }}' then coalesce(payload, key_text, batch_id) end)
      as {{ class }}_rows,
    {%- endfor %}
    count(distinct coalesce(payload, key_text, batch_id)) as quarantined_rows
  from {{ source('landed', 'quarantine') }}
  where row_number is not null and {{ is_waiting() }}
  group by source_instance, object
),

records as (
  select source_instance, domain, object, newest_record_at
  from {{ ref('completeness') }}
),

totals as (
  select
    source_instance,
    object,
    {{ joined_text(
      "column_name || ': reported ' || cast(reported_total as " ~ dbt.type_string() ~ ") || ', received '"
      ~ " || coalesce(cast(received_total as " ~ dbt.type_string() ~ "), 'none')", '; '
    ) }} as run_control_totals,
    count(*) filter (where reported_total is distinct from received_total) as run_differing_totals
  from {{ source('landed', 'batch_totals') }}
  group by source_instance, object
),

drift as (
  select
    source_instance,
    object,
    {{ joined_text(drift_words('drift', 'column_name', 'detail'), ', ') }} as schema_drift
  from {{ source('landed', 'schema_drift') }}
  group by source_instance, object
)

select
  objects.source_instance,
  objects.domain,
  objects.object,
  objects.is_optional,
  objects.owner_role,
  case
    when health.status = 'break' then 'failing'
    when health.status = 'not_testable' then 'not_testable'
    when drift.schema_drift is not null or rejected.quarantined_rows > 0 then 'note'
    else 'ok'
  end as status,
  case
    when health.status in ('break', 'not_testable') then health.reason
    when drift.schema_drift is not null or rejected.quarantined_rows > 0
      then
        coalesce('Columns differ from the contract (unknown ones are not read): ' || drift.schema_drift || '. ', '')
        || coalesce(
          {{ counted('rejected.quarantined_rows', 'row') }} || ' broke the contract and '
          || case when rejected.quarantined_rows = 1 then 'waits' else 'wait' end
          || ' among the dead letters; results of their keys are not tested', ''
        )
    else 'As the source reports it'
  end as reason,
  batches.last_extracted_at,
  cast(case
    -- a source whose clock is ahead is fresh, not fresher than now
    when batches.last_extracted_at > parameters.as_of then 0
    else {{ hours_between('batches.last_extracted_at', 'parameters.as_of') }}
  end as bigint) as freshness_hours,
  cast(objects.freshness_limit_hours as bigint) as freshness_limit_hours,
  {{ add_hours('batches.last_extracted_at', 'objects.freshness_limit_hours') }} < parameters.as_of as is_stale,
  records.newest_record_at,
  coalesce(batches.accepted_rows, 0) as accepted_rows,
  coalesce(rejected.quarantined_rows, 0) as quarantined_rows,
  {%- for class in failure_classes %}
  coalesce(rejected.{{ class }}_rows, 0) as {{ class }}_rows,
  {%- endfor %}
  drift.schema_drift,
  coalesce(batches.run_batches, 0) as run_batches,
  coalesce(batches.run_refused_batches, 0) as run_refused_batches,
  batches.run_reported_rows,
  coalesce(batches.run_received_rows, 0) as run_received_rows,
  coalesce(batches.run_duplicate_rows, 0) as run_duplicate_rows,
  coalesce(batches.run_quarantined_rows, 0) as run_quarantined_rows,
  totals.run_control_totals,
  coalesce(totals.run_differing_totals, 0) as run_differing_totals
from objects
cross join parameters
left join health on health.match_key = objects.source_instance || '|' || objects.object
left join batches on batches.source_instance = objects.source_instance and batches.object = objects.object
left join rejected on rejected.source_instance = objects.source_instance and rejected.object = objects.object
left join totals on totals.source_instance = objects.source_instance and totals.object = objects.object
left join drift on drift.source_instance = objects.source_instance and drift.object = objects.object
left join records
  on
    records.source_instance = objects.source_instance
    and records.domain = objects.domain
    and records.object = objects.object
