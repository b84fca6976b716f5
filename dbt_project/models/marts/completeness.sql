-- One row per source instance and landing object: is every row received still in canonical, or has it a reason?
-- received = accepted + duplicate + quarantined; staged = the distinct versions among the accepted; current =
-- canonical + not convertible. Totals are hash totals in ten-thousandths of a major unit over all currencies.
with
-- events are counted in what is kept of each delivery and of each day: counting them one by one would read all again
delivered_events as (

  select source_instance, cast(sum(event_count) as bigint) as delivery_count
  from {{ ref('usage_delivery') }}
  group by source_instance

),

surplus_events as (

  select source_instance, count(*) as surplus_count
  from {{ ref('usage_repeat') }}
  where copy_number > 1
  group by source_instance

),

held_events as (

  select
    source_instance,
    cast(sum(event_count) as bigint) as event_count,
    max(last_occurred_at) as newest_record_at
  from {{ ref('usage_day') }}
  group by source_instance

),

product_usage_events as (

  select
    delivered_events.source_instance,
    'product' as domain,
    'usage_events' as object,
    delivered_events.delivery_count - coalesce(surplus_events.surplus_count, 0) as staged_rows,
    delivered_events.delivery_count - coalesce(surplus_events.surplus_count, 0) as current_rows,
    coalesce(held_events.event_count, 0) as canonical_rows,
    cast(null as decimal(38, 0)) as current_total,
    cast(null as decimal(38, 0)) as canonical_total,
    held_events.newest_record_at
  from delivered_events
  left join surplus_events on surplus_events.source_instance = delivered_events.source_instance
  left join held_events on held_events.source_instance = delivered_events.source_instance

),

counted as (
  select * from product_usage_events
  union all
  select * from {{ ref('object_total') }}
),

batches as (

  select
    source_instance,
    domain,
    object,
    cast(sum(reported_row_count) as bigint) as reported_rows,
    cast(sum(received_rows) as bigint) as received_rows,
    cast(sum(accepted_rows) as bigint) as accepted_rows,
    cast(sum(duplicate_rows) as bigint) as duplicate_rows,
    cast(sum(quarantined_rows) as bigint) as quarantined_rows
  from {{ source('landed', 'batches') }}
  where state = 'loaded'
  group by source_instance, domain, object

),

unconvertible as (

  select
    source_instance,
    domain,
    object,
    count(*) as unconvertible_rows
  from {{ ref('unconvertible_row') }}
  group by source_instance, domain, object

),

expected as (

  select
    source_instance,
    domain,
    object
  from {{ source('config', 'source_objects') }}

),

joined as (

  select
    expected.source_instance,
    expected.domain,
    expected.object,
    batches.reported_rows,
    coalesce(batches.received_rows, 0) as received_rows,
    coalesce(batches.accepted_rows, 0) as accepted_rows,
    coalesce(batches.duplicate_rows, 0) as duplicate_rows,
    coalesce(batches.quarantined_rows, 0) as quarantined_rows,
    coalesce(counted.staged_rows, 0) as staged_rows,
    coalesce(counted.current_rows, 0) as current_rows,
    coalesce(counted.canonical_rows, 0) as canonical_rows,
    coalesce(unconvertible.unconvertible_rows, 0) as unconvertible_rows,
    counted.current_total,
    counted.canonical_total,
    counted.newest_record_at
  from expected
  left join counted
    on
      expected.source_instance = counted.source_instance
      and expected.domain = counted.domain
      and expected.object = counted.object
  left join batches
    on
      expected.source_instance = batches.source_instance
      and expected.domain = batches.domain
      and expected.object = batches.object
  left join unconvertible
    on
      expected.source_instance = unconvertible.source_instance
      and expected.domain = unconvertible.domain
      and expected.object = unconvertible.object

)

select
  source_instance,
  domain,
  object,
  cast(staged_rows as bigint) as staged_rows,
  cast(current_rows as bigint) as current_rows,
  cast(unconvertible_rows as bigint) as unconvertible_rows,
  cast(canonical_rows as bigint) as canonical_rows,
  current_total,
  canonical_total,
  newest_record_at,
  accepted_rows = staged_rows
  and received_rows = accepted_rows + duplicate_rows + quarantined_rows
  and current_rows = canonical_rows + unconvertible_rows
  and (unconvertible_rows > 0 or current_total is not distinct from canonical_total) as is_complete,
  reported_rows as run_reported_rows,
  received_rows as run_received_rows,
  accepted_rows as run_accepted_rows,
  duplicate_rows as run_duplicate_rows,
  quarantined_rows as run_quarantined_rows
from joined
