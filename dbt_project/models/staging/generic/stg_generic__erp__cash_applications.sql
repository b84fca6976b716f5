-- One row per cash application, as the generic vendor states it: what did the source say?
with

landed as (

    select * from {{ source('landed', 'generic__erp__cash_applications') }}

),

counted as (

    {{ current_rows('landed', ['application_id'], 'append') }}

)

select
    source_instance,
    application_id,
    receipt_id,
    document_id,
    amount,
    applied_at,
    period,
    content_hash
from counted
