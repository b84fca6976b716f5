-- One row per source and object: did the snapshot arrive whole, recent and in its shape, as the source itself reports
-- it? Everything that depends on a failing object is not testable until it is mended.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

expected as (
  select
    objects.source_instance,
    objects.domain,
    objects.object,
    objects.is_optional,
    sources.freshness_limit_hours
  from {{ source('config', 'source_objects') }} as objects
  inner join {{ source('config', 'sources') }} as sources on sources.source_instance = objects.source_instance
),

batches as (
  select * from {{ ref('delivered_batch') }}
),

delivered as (
  select
    source_instance,
    object,
    count(*) as batch_count,
    count(*) filter (where has_sidecar) as sidecar_count,
    count(*) filter (where state = 'refused') as refused_count,
    max(extracted_at) as newest_extracted_at,
    -- only of miscounted files: the rows of sound ones depend on how often they were delivered
    cast(sum(reported_row_count) filter (where has_other_row_count) as bigint) as reported_rows,
    cast(sum(received_rows) filter (where has_other_row_count) as bigint) as received_rows,
    count(*) filter (where has_other_row_count) as miscounted_count,
    {{ joined_text("case when state = 'refused' then refusal_reason end", '; ') }} as refusals,
    {{ joined_text('differing_totals', '; ') }} as differing_totals,
    {{ joined_text('columns_changed', '; ') }} as columns_changed
  from batches
  group by source_instance, object
),

judged as (
  select
    expected.source_instance,
    expected.domain,
    expected.object,
    expected.is_optional,
    expected.freshness_limit_hours,
    delivered.batch_count,
    delivered.sidecar_count,
    delivered.newest_extracted_at,
    delivered.reported_rows,
    delivered.received_rows,
    delivered.miscounted_count,
    delivered.refusals,
    delivered.differing_totals,
    delivered.columns_changed,
    {{ add_hours('delivered.newest_extracted_at', 'expected.freshness_limit_hours') }} < parameters.as_of as is_stale,
    case
      when delivered.columns_changed is not null then 'drifted'
      when delivered.refused_count > 0 then 'refused'
      when delivered.miscounted_count > 0 or delivered.differing_totals is not null then 'truncated'
      when
        {{ add_hours('delivered.newest_extracted_at', 'expected.freshness_limit_hours') }} < parameters.as_of
        then 'stale'
      else 'healthy'
    end as finding
  from expected
  cross join parameters
  left join delivered on delivered.source_instance = expected.source_instance and delivered.object = expected.object
),

compared as (
  select
    source_instance,
    source_instance || '|' || object as match_key,
    cast(null as {{ dbt.type_string() }}) as legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    cast(null as {{ dbt.type_string() }}) as period,
    reported_rows as left_value,
    received_rows as right_value,
    cast(null as bigint) as delta_minor,
    cast(reported_rows - received_rows as decimal(38, 9)) as delta_quantity,
    finding <> 'healthy' as has_fault,
    finding as cause_code,
    'transport' as failure_class,
    domain || ' object ' || object || ' of source ' || source_instance || ': '
    || case when refusals is not null then 'a file was refused whole (' || refusals || '). ' else '' end
    || case when columns_changed is not null then columns_changed || '. ' else '' end
    || case
      when miscounted_count > 0
        then
          'the source reports ' || cast(reported_rows as {{ dbt.type_string() }}) || ' rows, '
          || cast(received_rows as {{ dbt.type_string() }}) || ' were received. '
      else ''
    end
    || case when differing_totals is not null then 'control totals differ: ' || differing_totals || '. ' else '' end
    || case
      when is_stale
        then
          'the newest extract is of ' || cast(newest_extracted_at as {{ dbt.type_string() }}) || ' UTC, more than '
          || cast(freshness_limit_hours as {{ dbt.type_string() }}) || ' hours before the run''s date. '
      else ''
    end
    || 'Everything that depends on it is not tested' as reason,
    case
      when batch_count is null and is_optional
        then 'Not tested: optional object ' || object || ' was never delivered by ' || source_instance
      when batch_count is null
        then
          'Not tested: object ' || object || ' was never delivered by ' || source_instance
          || '; what needs it is not testable. Deliver it, with a header only if it is empty'
      when finding = 'healthy' and sidecar_count = 0
        then
          'Not tested: no file of '
          || object
          || ' has a sidecar manifest, so neither its age nor its completeness is known'
    end as not_testable_reason,
    'source:' || source_instance || '|' || object as left_ref,
    cast(null as {{ dbt.type_string() }}) as right_ref,
    cast(null as timestamp) as due_at
  from judged
)
{{ reconcile('compared', code='R38', tolerance='T0', measure='quantity') }}
