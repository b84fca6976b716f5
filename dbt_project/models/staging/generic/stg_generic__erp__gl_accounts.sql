-- One row per gl account and version, as the generic vendor states it: what did the source say, and when?
with

landed as (

    select * from {{ source('landed', 'generic__erp__gl_accounts') }}

),

counted as (

    {{ current_rows('landed', ['account_number'], 'upsert') }}

)

select
    source_instance,
    account_number,
    name,
    type,
    control,
    updated_at,
    content_hash,
    valid_from,
    valid_to,
    is_current
from counted
