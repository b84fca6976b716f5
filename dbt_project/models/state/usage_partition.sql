-- One row per source and service month with usage: what do its days follow from? A month whose fingerprint is as it was
-- is not computed again.
with batches as (
  select * from {{ ref('usage_delivery') }}
),

-- which copy counts may change by a delivery of another month
copies as (
  select
    source_instance,
    {{ month_start('occurred_at') }} as service_month,
    {{ digest(['event_id', 'copy_number', 'content_hash', 'cast(ingested_at as string)']) }} as digest
  from {{ ref('usage_repeat') }}
  group by source_instance, {{ month_start('occurred_at') }}
),

-- what metering knew decides what was in time
metered as (
  select
    source_instance,
    service_month,
    {{ digest(['subscription_id', 'meter_code', 'cast(computed_at as string)']) }} as digest
  from {{ ref('metered_usage') }}
  group by source_instance, service_month
),

meters as (
  select
    source_instance,
    {{ digest([
      'meter_code', 'aggregation', 'cast(effective_from as string)', "coalesce(cast(effective_to as string), '')"
    ]) }} as digest
  from {{ ref('meter_span') }}
  group by source_instance
),

test_tenants as (
  select
    source_instance,
    {{ digest(['tenant_id']) }} as digest
  from {{ ref('tenant') }}
  where is_test
  group by source_instance
),

parameters as (
  select * from {{ source('config', 'parameters') }}
),

delivered as (
  select
    source_instance,
    service_month,
    {{ digest(['batch_id', 'cast(event_count as string)']) }} as digest
  from batches
  group by source_instance, service_month
)

select
  delivered.source_instance,
  delivered.service_month,
  concat_ws(
    ' ',
    delivered.digest,
    coalesce(copies.digest, '-'),
    coalesce(metered.digest, '-'),
    coalesce(meters.digest, '-'),
    coalesce(test_tenants.digest, '-'),
    cast(parameters.usage_grace_days as {{ dbt.type_string() }})
  ) as fingerprint
from delivered
cross join parameters
left join copies
  on copies.source_instance = delivered.source_instance and copies.service_month = delivered.service_month
left join metered
  on metered.source_instance = delivered.source_instance and metered.service_month = delivered.service_month
left join meters on meters.source_instance = delivered.source_instance
left join test_tenants on test_tenants.source_instance = delivered.source_instance
