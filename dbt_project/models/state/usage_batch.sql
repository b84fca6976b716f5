-- One row per delivered batch of usage events: has anything of it been added or taken away since it was last read?
{{ config(materialized='view') }}
with deliveries as (
  {{ vendor_union('product', 'usage_deliveries') }}
)

-- a batch is named by the hash of its bytes, so a row of it can be added (by a replay) but never changed
select
  source_instance,
  batch_id,
  cast(count(*) as {{ dbt.type_string() }}) as fingerprint
from deliveries
group by source_instance, batch_id
