-- One row per receivable document and step of its settlement: step 0 is what cash has settled, and every later step
-- adds the part of the open balance that one cause claims, until what the document owes is reached. Gross, with the
-- signs of the document (a memo's amounts are positive, those of a negative invoice negative). The causes are tried in
-- their frozen order; what a document received of another one's money is taken out of its balance first, so that the
-- two sides of a misapplication cancel out (D05). A negative invoice is settled by paying out or by lowering another
-- document, as a memo is: its causes are looked for in its own direction, in which its amounts are positive too.
{%- set causes = ['D11', 'D08', 'D09', 'D06', 'D07', 'D05', 'D04', 'D03', 'D01', 'D02', 'D12'] %}
{%- set due_at = {
  'D01': 'cast(due_date as timestamp)', 'D08': 'cast(due_date as timestamp)', 'D04': 'unapplied_due_at',
} %}
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

receivables as (
  select
    *,
    side = 'memo' or direction = -1 as is_giver,
    owed_minor - settled_minor as balance_minor,
    -- only what is still open can have been credited from elsewhere
    case
      when side = 'memo' then unexplained_minor
      else least(unexplained_minor, greatest(owed_minor - settled_minor, 0))
    end as exchanged_minor
  from {{ ref('bridge_receivable') }}
),

evidence as (
  select * from {{ ref('bridge_cash_evidence') }}
),

-- credits that went to another document of the same customer meet the documents that were lowered without a reason
pooled as (
  select
    *,
    sum(case when is_giver then exchanged_minor else 0 end) over customer as given_minor,
    sum(case when is_giver then 0 else exchanged_minor end) over customer as taken_minor,
    sum(exchanged_minor) over (
      partition by erp_instance, erp_customer_id, legal_entity_code, currency_code, is_giver
      order by document_id, side
      rows between unbounded preceding and current row
    ) - exchanged_minor as before_minor
  from receivables
  window customer as (partition by erp_instance, erp_customer_id, legal_entity_code, currency_code)
),

credited as (
  select
    *,
    unplaced_minor + least(greatest(least(given_minor, taken_minor) - before_minor, 0), exchanged_minor) as d11
  from pooled
),

reopened as (
  select
    *,
    least(greatest(balance_minor - d11, 0), reopened_minor) as d08
  from credited
),

remaining as (
  select
    *,
    balance_minor - d11 - d08 as left_minor,
    least(greatest(balance_minor - d11 - d08, 0), written_off_minor) as d09
  from reopened
),

-- a few minor units left over by a payment are rounding, whatever else might be said of them
rounded as (
  select
    remaining.*,
    case
      when
        remaining.side = 'invoice'
        and remaining.settled_minor <> 0
        and abs(remaining.left_minor - remaining.d09) <= least(
          remaining.line_count * parameters.rounding_minor_per_component, parameters.rounding_minor_per_document
        )
        then remaining.left_minor - remaining.d09
      else 0
    end as d12
  from remaining
  cross join parameters
),

off as (
  select
    *,
    greatest(left_minor - d09 - d12, 0) as room_minor
  from rounded
),

-- what one payment lacks is claimed once, over the documents it paid, in their order
short_turns as (
  select
    evidence.erp_instance,
    evidence.document_id,
    evidence.amount_minor,
    off.room_minor,
    sum(off.room_minor) over (
      partition by evidence.evidence_id order by evidence.place, evidence.document_id
      rows between unbounded preceding and current row
    ) - off.room_minor as before_minor
  from evidence
  inner join off
    on off.side = 'invoice' and off.erp_instance = evidence.erp_instance and off.document_id = evidence.document_id
  where evidence.cause_code = 'D06' and off.direction = 1
),

short_filled as (
  select
    erp_instance,
    document_id,
    least(greatest(amount_minor - before_minor, 0), room_minor) as amount_minor
  from short_turns
),

short as (
  select erp_instance, document_id, sum(amount_minor) as amount_minor
  from short_filled
  group by erp_instance, document_id
),

shortened as (
  select
    off.*,
    least(off.room_minor, coalesce(short.amount_minor, 0)) as d06
  from off
  left join short
    on off.side = 'invoice' and short.erp_instance = off.erp_instance and short.document_id = off.document_id
),

-- money that went elsewhere explains at most what is still open here, and the other document's balance by the same
misapplied as (
  select
    evidence.erp_instance,
    evidence.document_id,
    evidence.other_document_id,
    least(
      evidence.amount_minor,
      greatest(
        shortened.left_minor - shortened.d09 - shortened.d12 - shortened.d06
        - (
          sum(evidence.amount_minor) over (
            partition by evidence.erp_instance, evidence.document_id order by evidence.evidence_id
            rows between unbounded preceding and current row
          ) - evidence.amount_minor
        ), 0
      )
    ) as amount_minor
  from evidence
  inner join shortened
    on
      shortened.side = 'invoice'
      and shortened.erp_instance = evidence.erp_instance
      and shortened.document_id = evidence.document_id
  where evidence.cause_code = 'D05' and shortened.direction = 1
),

transfers as (
  select erp_instance, document_id, sum(amount_minor) as amount_minor
  from (
    select erp_instance, document_id, amount_minor from misapplied
    union all
    select erp_instance, other_document_id as document_id, -amount_minor as amount_minor from misapplied
  ) as both_sides
  group by erp_instance, document_id
),

moved as (
  select
    shortened.*,
    shortened.direction * coalesce(transfers.amount_minor, 0) as d05,
    shortened.left_minor - shortened.d09 - shortened.d06
    - shortened.direction * coalesce(transfers.amount_minor, 0) as rest_minor
  from shortened
  left join transfers
    on
      shortened.side = 'invoice'
      and transfers.erp_instance = shortened.erp_instance
      and transfers.document_id = shortened.document_id
),

-- so is what is not applied: over the documents that its payments name, then those that its money reached
unapplied_turns as (
  select
    evidence.erp_instance,
    evidence.document_id,
    evidence.amount_minor,
    evidence.due_at,
    greatest(moved.rest_minor - moved.d12, 0) as room_minor,
    sum(greatest(moved.rest_minor - moved.d12, 0)) over (
      partition by evidence.evidence_id order by evidence.place, evidence.document_id
      rows between unbounded preceding and current row
    ) - greatest(moved.rest_minor - moved.d12, 0) as before_minor
  from evidence
  inner join moved
    on
      moved.side = 'invoice'
      and moved.erp_instance = evidence.erp_instance
      and moved.document_id = evidence.document_id
  where evidence.cause_code = 'D04' and moved.direction = 1
),

unapplied_filled as (
  select
    erp_instance,
    document_id,
    due_at,
    least(greatest(amount_minor - before_minor, 0), room_minor) as amount_minor
  from unapplied_turns
),

unapplied as (
  select erp_instance, document_id, sum(amount_minor) as amount_minor, max(due_at) as due_at
  from unapplied_filled
  where amount_minor > 0
  group by erp_instance, document_id
),

received as (
  select
    moved.*,
    unapplied.due_at as unapplied_due_at,
    -- a memo that is left over is owed to the customer: it has paid more than it owes
    case when moved.side = 'memo' then moved.rest_minor else least(moved.rest_minor - moved.d12, 0) end as d07,
    case
      when moved.side = 'memo' then 0
      else least(
        greatest(moved.rest_minor - moved.d12, 0), coalesce(unapplied.amount_minor, 0) + moved.other_currency_minor
      )
    end as d04
  from moved
  left join unapplied
    on
      moved.side = 'invoice'
      and unapplied.erp_instance = moved.erp_instance
      and unapplied.document_id = moved.document_id
),

contested as (
  select
    *,
    case when side = 'memo' then 0 else least(greatest(rest_minor - d12, 0) - d04, disputed_minor) end as d03
  from received
),

left_open as (
  select
    contested.*,
    case
      when contested.side = 'memo' then 0
      else greatest(contested.rest_minor - contested.d12, 0) - contested.d04 - contested.d03
    end as open_minor,
    contested.due_date >= {{ utc_date('parameters.as_of') }} as is_not_due
  from contested
  cross join parameters
),

accepted as (
  select
    *,
    least(open_minor, accepted_short_minor) as accepted_minor
  from left_open
),

decided as (
  select
    erp_instance, document_id, side, due_date, unapplied_due_at,
    direction * owed_minor as owed_minor,
    direction * settled_minor as settled_minor,
    {%- for cause in ['d11', 'd08', 'd09', 'd07', 'd05', 'd04', 'd03', 'd12'] %}
    direction * {{ cause }} as {{ cause }},
    {%- endfor %}
    direction * (d06 + accepted_minor) as d06,
    case when is_not_due then direction * (open_minor - accepted_minor) else 0 end as d01,
    case when is_not_due then 0 else direction * (open_minor - accepted_minor) end as d02
  from accepted
),

steps as (
  select
    erp_instance, document_id, side, owed_minor, settled_minor, 0 as place,
    cast(null as {{ dbt.type_string() }}) as cause_code, 0 as amount_minor, cast(null as timestamp) as due_at
  from decided
  {%- for cause in causes %}
  union all
  select
    erp_instance, document_id, side, owed_minor, settled_minor, {{ loop.index }} as place,
    '{{ cause }}' as cause_code, {{ cause | lower }} as amount_minor,
    {{ due_at.get(cause, 'cast(null as timestamp)') }} as due_at
  from decided
  where {{ cause | lower }} <> 0
  {%- endfor %}
)

select
  erp_instance,
  document_id,
  side,
  cause_code,
  cast(amount_minor as bigint) as amount_minor,
  due_at,
  cast(owed_minor as bigint) as owed_minor,
  row_number() over (partition by erp_instance, document_id, side order by place) - 1 as step,
  cast(
    settled_minor + sum(amount_minor) over (
      partition by erp_instance, document_id, side order by place rows between unbounded preceding and current row
    ) as bigint
  ) as level_minor
from steps
