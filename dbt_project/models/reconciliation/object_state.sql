-- One row per source and object of its domain: may results depend on it? available, absent (never delivered) or
-- inadmissible (it fails R38).
with expected as (
  select * from {{ source('config', 'source_objects') }}
),

delivered as (
  select distinct source_instance, object
  from {{ source('landed', 'batches') }}
),

failing as (
  select match_key, source_instance, reason
  from {{ ref('r38_source_health') }}
  where status = 'break'
)

select
  expected.source_instance,
  expected.domain,
  expected.object,
  expected.is_optional,
  case
    when failing.match_key is not null then 'inadmissible'
    when delivered.object is null then 'absent'
    else 'available'
  end as state,
  failing.reason
from expected
left join delivered on delivered.source_instance = expected.source_instance and delivered.object = expected.object
left join failing
  on
    failing.source_instance = expected.source_instance
    and failing.match_key = expected.source_instance || '|' || expected.object
