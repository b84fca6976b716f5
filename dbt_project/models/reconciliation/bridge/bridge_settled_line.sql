-- One row per line of a receivable document and step of its settlement: the net and tax that stand settled on the line
-- after the step, and what the step's cause explains of it. Every level is gross and split over net and tax of the
-- lines by largest remainder with the same weights, so that the differences of the levels add up to the line's open
-- amount to the minor unit.
with lines as (
  select * from {{ ref('bridge_document_line') }}
),

credits as (
  select * from {{ ref('bridge_credit_line') }}
),

steps as (
  select * from {{ ref('bridge_open_balance') }}
),

lowered as (
  select
    erp_instance,
    lowered_line_id,
    sum(left_net_minor) as net_minor,
    sum(left_tax_minor) as tax_minor
  from credits
  where lowered_line_id is not null
  group by erp_instance, lowered_line_id
),

owing as (
  select
    lines.erp_instance,
    lines.document_id,
    lines.document_line_id,
    'invoice' as side,
    lines.net_minor as issued_net,
    lines.tax_minor as issued_tax,
    lines.net_minor - coalesce(lowered.net_minor, 0) as owed_net,
    lines.tax_minor - coalesce(lowered.tax_minor, 0) as owed_tax
  from lines
  left join lowered
    on lowered.erp_instance = lines.erp_instance and lowered.lowered_line_id = lines.document_line_id
  where lines.document_type = 'invoice'
  union all
  select
    erp_instance,
    document_id,
    document_line_id,
    'memo' as side,
    left_net_minor as issued_net,
    left_tax_minor as issued_tax,
    left_net_minor as owed_net,
    left_tax_minor as owed_tax
  from credits
  where lowered_line_id is null
),

-- a document whose lines owe nothing any more is spread as it was issued
parts as (
  {%- for part in ['net', 'tax'] %}
  select
    steps.erp_instance,
    steps.document_id,
    steps.side,
    steps.step,
    steps.cause_code,
    steps.due_at,
    steps.owed_minor,
    steps.level_minor,
    owing.document_line_id,
    '{{ part }}' as part,
    owing.owed_{{ part }} as owed_part,
    case when steps.owed_minor > 0 then owing.owed_{{ part }} else owing.issued_{{ part }} end as weight_minor
  from steps
  inner join owing
    on
      owing.erp_instance = steps.erp_instance
      and owing.document_id = steps.document_id
      and owing.side = steps.side
  {{ 'union all' if not loop.last }}
  {%- endfor %}
),

shared as (
  {{ largest_remainder(
    'parts', ['erp_instance', 'document_id', 'side', 'step'], ['document_line_id', 'part'], 'level_minor'
  ) }}
),

levels as (
  select
    erp_instance,
    document_id,
    document_line_id,
    side,
    step,
    cause_code,
    due_at,
    sum(case when part = 'net' then case when level_minor = owed_minor then owed_part else share_minor end else 0 end)
      as net_level,
    sum(case when part = 'tax' then case when level_minor = owed_minor then owed_part else share_minor end else 0 end)
      as tax_level
  from shared
  group by erp_instance, document_id, document_line_id, side, step, cause_code, due_at
)

select
  erp_instance,
  document_id,
  document_line_id,
  side,
  step,
  cause_code,
  due_at,
  cast(net_level as bigint) as net_level,
  cast(tax_level as bigint) as tax_level,
  cast(
    case
      when step > 0
        then net_level - lag(net_level) over (partition by erp_instance, document_line_id, side order by step)
      else 0
    end as bigint
  ) as net_minor,
  cast(
    case
      when step > 0
        then tax_level - lag(tax_level) over (partition by erp_instance, document_line_id, side order by step)
      else 0
    end as bigint
  ) as tax_minor
from levels
