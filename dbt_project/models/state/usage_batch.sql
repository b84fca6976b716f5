-- One row per delivered batch of usage events: has anything of it been added or taken away since it was last read?
{{ config(materialized='view') }}
with batches as (
  select * from {{ source('landed', 'batches') }}
  where domain = 'product' and object = 'usage_events' and state = 'loaded' and parsed_rows > 0
)

-- a batch is named by the hash of its bytes, so a row of it can be added (by a replay) but never changed
select
  source_instance,
  batch_id,
  cast(parsed_rows as {{ dbt.type_string() }}) as fingerprint
from batches
