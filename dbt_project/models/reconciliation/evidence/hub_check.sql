-- One row per event hub, topic and check, where the hub model is in force: is every message there once, in its order,
-- and accounted for? Without messages the three checks are not testable.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

messages as (
  select * from {{ ref('hub_message') }}
),

hubs as (
  select source_instance from {{ source('config', 'sources') }} where domain = 'hub'
),

all_deliveries as (
  select source_instance, topic, key, sequence, payload_hash
  from {{ source('landed', 'generic__hub__messages') }}
),

sequences as (
  select
    source_instance, topic, key,
    count(distinct sequence) as message_count,
    max(sequence) - min(sequence) + 1 as expected_count,
    min(sequence) as first_sequence
  from messages
  group by source_instance, topic, key
),

continuity as (
  select
    source_instance, topic, 'sequence continuity' as check_name,
    sum(message_count) as seen, sum(expected_count) as expected,
    count(case when message_count <> expected_count then 1 end) as faults,
    min(case when message_count <> expected_count then key end) as first_fault
  from sequences
  group by source_instance, topic
),

replays as (
  select source_instance, topic, key, sequence, count(distinct payload_hash) as payloads
  from all_deliveries
  group by source_instance, topic, key, sequence
),

replayed as (
  select
    source_instance, topic, 'replay' as check_name,
    count(*) as seen, sum(payloads) as expected,
    count(case when payloads > 1 then 1 end) as faults,
    min(case when payloads > 1 then key || ' sequence ' || cast(sequence as {{ dbt.type_string() }}) end) as first_fault
  from replays
  group by source_instance, topic
),

accounted as (
  select
    messages.source_instance, messages.topic, 'published = acknowledged + dead-lettered' as check_name,
    count(case when messages.status in ('acknowledged', 'dead_lettered') then 1 end) as seen, count(*) as expected,
    count(
      case
        when messages.status = 'published' and {{ add_hours('messages.published_at', 1) }} <= parameters.as_of then 1
      end
    ) as faults,
    min(
      case
        when messages.status = 'published' and {{ add_hours('messages.published_at', 1) }} <= parameters.as_of
          then messages.key || ' sequence ' || cast(messages.sequence as {{ dbt.type_string() }})
      end
    ) as first_fault
  from messages
  cross join parameters
  group by messages.source_instance, messages.topic
),

-- consumers have an hour to acknowledge before a message counts as lost
checks as (
  select * from continuity
  union all
  select * from replayed
  union all
  select * from accounted
),

names as (
  select 'sequence continuity' as check_name
  union all
  select 'replay' as check_name
  union all
  select 'published = acknowledged + dead-lettered' as check_name
),

first_source as (
  select min(source_instance) as source_instance from {{ source('config', 'sources') }}
),

untested as (
  select
    coalesce(hubs.source_instance, first_source.source_instance) as source_instance,
    'no topic' as topic,
    names.check_name,
    cast(null as bigint) as seen, cast(null as bigint) as expected, cast(null as bigint) as faults,
    cast(null as {{ dbt.type_string() }}) as first_fault
  from names
  cross join first_source
  left join hubs on true
  left join messages on messages.source_instance = hubs.source_instance
  where messages.source_instance is null
  group by coalesce(hubs.source_instance, first_source.source_instance), names.check_name
),

all_checks as (
  select * from checks
  union all
  select * from untested
)

select all_checks.*
from all_checks
cross join parameters
where parameters.authority_model = 'event_hub'
