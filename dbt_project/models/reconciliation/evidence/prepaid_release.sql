-- One row per drawdown or expiry of a prepaid grant: how much of what was paid for it becomes revenue, and when? Shares
-- are rounded cumulatively, so that the last one empties the grant to the minor unit; nothing is released beyond it.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

grants as (
  select
    *,
    {{ billionths('quantity') }} as whole_quantity,
    cast(amount_minor as {{ whole() }}) as whole_amount
  from {{ ref('prepaid_grant') }}
),

-- usage earns once: what several drawdowns take for one invoice line beyond its quantity is R07's, and no revenue
drawdowns as (
  select
    drawdowns.source_instance,
    drawdowns.grant_id,
    drawdowns.drawdown_id,
    drawdowns.drawn_at,
    {{ billionths('drawdowns.quantity') }} as whole_quantity,
    {{ billionths('lines.quantity') }} as line_quantity,
    sum({{ billionths('drawdowns.quantity') }}) over (
      partition by drawdowns.source_instance, coalesce(drawdowns.invoice_line_id, 'drawdown ' || drawdowns.drawdown_id)
      order by drawdowns.drawn_at, drawdowns.drawdown_id
      rows between unbounded preceding and current row
    ) as drawn_of_line
  from {{ ref('prepaid_drawdown') }} as drawdowns
  left join {{ ref('invoice_line') }} as lines
    on lines.source_instance = drawdowns.source_instance and lines.line_id = drawdowns.invoice_line_id
),

drawn as (
  select
    source_instance,
    grant_id,
    'drawdown:' || drawdown_id as event_ref,
    drawn_at as released_at,
    0 as is_expiry,
    case
      when line_quantity is null then whole_quantity
      else greatest(least(whole_quantity, line_quantity - (drawn_of_line - whole_quantity)), 0)
    end as whole_quantity
  from drawdowns
  union all
  select
    grants.source_instance,
    grants.grant_id,
    'expiry:' || grants.grant_id as event_ref,
    grants.expires_at as released_at,
    1 as is_expiry,
    grants.whole_quantity
  from grants
  cross join parameters
  where grants.expires_at is not null and grants.expires_at <= parameters.as_of
),

running as (
  select
    grants.source_instance,
    grants.grant_id,
    grants.customer_id,
    grants.legal_entity_code,
    grants.currency_code,
    grants.whole_quantity,
    grants.whole_amount,
    drawn.event_ref,
    drawn.released_at,
    least(grants.whole_quantity, sum(drawn.whole_quantity) over (
      partition by drawn.source_instance, drawn.grant_id
      order by drawn.released_at, drawn.is_expiry, drawn.event_ref
      rows between unbounded preceding and current row
    )) as gone_after
  from drawn
  inner join grants on grants.source_instance = drawn.source_instance and grants.grant_id = drawn.grant_id
),

released as (
  select
    *,
    cast({{ mul_div_round('whole_amount', 'gone_after', 'whole_quantity') }} as {{ whole() }}) as released_after
  from running
)

select
  source_instance,
  grant_id,
  event_ref,
  customer_id,
  legal_entity_code,
  currency_code,
  released_at,
  {{ fits_bigint(
    'released_after - coalesce(lag(released_after) over ('
    ~ 'partition by source_instance, grant_id order by released_at, gone_after, event_ref), 0)'
  ) }} as amount_minor
from released
