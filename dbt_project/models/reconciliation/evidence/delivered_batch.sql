-- One row per batch that still counts as delivered: which deliveries of a source are faulty, and how? A faulty file
-- that the source has delivered again under the same name, later and whole, is mended and no longer counts.
with batches as (
  select
    *,
    not coalesce(extracted_at is null and reported_row_count is null, false) as has_sidecar
  from {{ source('landed', 'batches') }}
),

differing_totals as (
  select
    batch_id,
    source_instance,
    object,
    {{ joined_text(
      "column_name || ' (reported ' || cast(reported_total as " ~ dbt.type_string() ~ ") || ', received '"
      ~ " || coalesce(cast(received_total as " ~ dbt.type_string() ~ "), 'none') || ')'", ', '
    ) }} as totals
  from {{ source('landed', 'batch_totals') }}
  -- a file without rows has no total, which is the total 0
  where reported_total is distinct from coalesce(received_total, 0)
  group by batch_id, source_instance, object
),

changed_columns as (
  select batch_id, source_instance, object, {{ drift_words('drift', 'column_name', 'detail') }} as words
  from {{ source('landed', 'schema_drift') }}
  where is_breaking
  union all
  -- a column that is missing or of another type refuses its file: the schema drifted, the delivery did not fail
  select batch_id, source_instance, object, 'column ' || column_name || ' refused its file' as words
  from {{ source('landed', 'quarantine') }}
  where row_number is null and column_name is not null and {{ is_waiting() }}
),

breaking_drift as (
  select
    batch_id,
    source_instance,
    object,
    {{ joined_text('words', ', ') }} as columns_changed
  from changed_columns
  group by batch_id, source_instance, object
),

examined as (
  select
    batches.*,
    differing_totals.totals as differing_totals,
    breaking_drift.columns_changed,
    coalesce(batches.reported_row_count <> batches.received_rows, false) as has_other_row_count,
    batches.state = 'refused'
    or differing_totals.totals is not null
    or breaking_drift.columns_changed is not null
    or coalesce(batches.reported_row_count <> batches.received_rows, false) as is_faulty
  from batches
  left join differing_totals
    on
      differing_totals.batch_id = batches.batch_id
      and differing_totals.source_instance = batches.source_instance
      and differing_totals.object = batches.object
  left join breaking_drift
    on
      breaking_drift.batch_id = batches.batch_id
      and breaking_drift.source_instance = batches.source_instance
      and breaking_drift.object = batches.object
)

select
  examined.source_instance,
  examined.domain,
  examined.object,
  examined.batch_id,
  examined.state,
  examined.extracted_at,
  examined.has_sidecar,
  examined.reported_row_count,
  examined.received_rows,
  examined.parsed_rows,
  examined.quarantined_rows,
  examined.refusal_reason,
  examined.differing_totals,
  examined.columns_changed,
  examined.has_other_row_count,
  examined.is_faulty
from examined
where
  not examined.is_faulty
  or not exists (
    select 1
    from examined as mended
    where
      not mended.is_faulty
      and mended.source_instance = examined.source_instance
      and mended.object = examined.object
      and mended.file_name = examined.file_name
      and (
        mended.extracted_at > examined.extracted_at
        or (
          -- without a sidecar that can be read, when it came is all that is known of its time
          (examined.extracted_at is null or mended.extracted_at = examined.extracted_at)
          and mended.received_at > examined.received_at
        )
      )
  )
