-- One row per usage event, as the generic vendor states it: what did the source say? Of several deliveries of one event
-- landing has found the one that counts; to look for them again would take longer than all that is asked of events.
with

landed as (

  select * from {{ source('landed', 'generic__product__usage_events') }}

),

surplus as (

  select source_instance, batch_id, row_number from {{ source('landed', 'usage_copies') }} where copy_number > 1

)

select
  landed.source_instance,
  landed.event_id,
  landed.tenant_id,
  landed.subscription_id,
  landed.meter_code,
  landed.quantity,
  landed.occurred_at,
  landed.ingested_at,
  landed.properties,
  landed.content_hash,
  landed.batch_id,
  landed.row_number
from landed
left join surplus
  on
    surplus.source_instance = landed.source_instance
    and surplus.batch_id = landed.batch_id
    and surplus.row_number = landed.row_number
where surplus.row_number is null
