-- One row per dead letter, a rejected row or a file that was refused whole: why, how much money, what has become of it,
-- whose is it and what next? The same row in several files is one dead letter; which files, and how often it was tried,
-- stands in columns run_*.
{% set identity = 'quarantine.source_instance, quarantine.domain, quarantine.object, quarantine.row_number is null, '
  ~ 'coalesce(quarantine.payload_sha256, quarantine.batch_id), quarantine.key_text' %}
with quarantine as (
  select * from {{ source('landed', 'quarantine') }}
),

batches as (
  select source_instance, batch_id, file_name
  from {{ source('landed', 'batches') }}
),

-- a copy that still waits speaks for all: as long as one does, the record is not settled
copies as (
  select
    quarantine.*,
    batches.file_name,
    case when quarantine.row_number is null then 'file' else 'row' end as kind,
    count(*) over (partition by {{ identity }}) as copies,
    row_number() over (
      partition by {{ identity }}
      order by
        case quarantine.state when 'open' then 1 when 'refused_again' then 2 when 'replayed' then 3 else 4 end,
        quarantine.batch_id,
        quarantine.row_number
    ) as place
  from quarantine
  left join batches
    on batches.source_instance = quarantine.source_instance and batches.batch_id = quarantine.batch_id
)

select
  md5(
    source_instance || '|' || object || '|' || kind || '|' || coalesce(payload_sha256, batch_id) || '|'
    || coalesce(key_text, '')
  ) as dead_letter_id,
  source_instance,
  domain,
  object,
  kind,
  key_text,
  column_name,
  case when kind = 'row' then {{ without_place('reason') }} else reason end as reason,
  failure_class,
  state,
  owner_role,
  next_step,
  cast(amount_minor as bigint) as amount_minor,
  currency_code,
  {{ json_text('coalesce(fields, payload)', 'legal_entity_code') }} as legal_entity_code,
  payload_sha256,
  attempts as run_attempts,
  copies as run_copies,
  batch_id as run_batch_id,
  file_name as run_file_name,
  row_number as run_row_number,
  line_number as run_line_number,
  replayed_at as run_replayed_at
from copies
-- a file of which no byte could be read, and which was read since, tells of a moment of the machine, not of the data
where place = 1 and not (state = 'mended_at_source' and payload_sha256 is null)
