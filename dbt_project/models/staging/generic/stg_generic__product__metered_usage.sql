-- One row per metered usage record, as the generic vendor states it: what did the source say?
with

landed as (

    select * from {{ source('landed', 'generic__product__metered_usage') }}

),

counted as (

    {{ current_rows('landed', ['meter_record_id'], 'append') }}

)

select
    source_instance,
    meter_record_id,
    subscription_id,
    meter_code,
    period_start,
    period_end,
    quantity,
    event_count,
    computed_at,
    content_hash
from counted
