-- One row per contract, product and span of days in which the contract's line in force and billing's items differ: in
-- quantity, in price or in other terms, with what a billing interval is worth by each.
with pieces as (
  select * from {{ ref('contract_piece') }}
),

points as (
  select crm_instance, contract_id, sku, begins_on as point_on from pieces
  union
  select crm_instance, contract_id, sku, ends_on as point_on from pieces
),

segments as (
  select
    crm_instance,
    contract_id,
    sku,
    point_on as segment_from,
    lead(point_on) over (partition by crm_instance, contract_id, sku order by point_on) as segment_to
  from points
),

requests as (
  select
    piece_id as rate_id, billing_instance, price_id, scheme, unit_amount, package_size, quantity, included_quantity,
    discount_percent, cast(null as bigint) as active_days, cast(null as bigint) as interval_days, exponent
  from pieces
  where kind <> 'usage'
),

rated as (
  {{ rate('requests') }}
),

-- both sides of a segment, each added up: billing may hold one contract line as two items
sides as (
  select
    segments.crm_instance,
    segments.contract_id,
    segments.sku,
    segments.segment_from,
    segments.segment_to,
    min(pieces.kind) as kind,
    count(case when pieces.side = 'contract' then 1 end) as contract_count,
    count(case when pieces.side = 'billing' then 1 end) as billing_count,
    sum(case when pieces.side = 'contract' then pieces.quantity end) as contract_quantity,
    sum(case when pieces.side = 'billing' then pieces.quantity end) as billing_quantity,
    {{ joined_text("case when pieces.side = 'contract' then pieces.price_words end", ', ') }} as contract_price,
    {{ joined_text("case when pieces.side = 'billing' then pieces.price_words end", ', ') }} as billing_price,
    {{ joined_text("case when pieces.side = 'contract' then pieces.price_id end", ', ') }} as contract_price_id,
    {{ joined_text("case when pieces.side = 'billing' then pieces.price_id end", ', ') }} as billing_price_id,
    {{ joined_text("case when pieces.side = 'contract' then pieces.terms_key end", ', ') }} as contract_terms,
    {{ joined_text("case when pieces.side = 'billing' then pieces.terms_key end", ', ') }} as billing_terms,
    {{ joined_text("case when pieces.side = 'contract' then pieces.record_id end", ', ') }} as contract_lines,
    {{ joined_text("case when pieces.side = 'billing' then pieces.record_id end", ', ') }} as items,
    max(case when pieces.side = 'billing' then pieces.version end) as billing_version,
    -- null as soon as one piece cannot be rated: a part of an amount would be a wrong one
    case
      when count(case when pieces.side = 'contract' and rated.rated_minor is null then 1 end) = 0
        then coalesce(sum(case when pieces.side = 'contract' then rated.rated_minor end), 0)
    end as contract_minor,
    case
      when count(case when pieces.side = 'billing' and rated.rated_minor is null then 1 end) = 0
        then coalesce(sum(case when pieces.side = 'billing' then rated.rated_minor end), 0)
    end as billing_minor
  from segments
  inner join pieces
    on
      pieces.crm_instance = segments.crm_instance
      and pieces.contract_id = segments.contract_id
      and pieces.sku = segments.sku
      and pieces.begins_on <= segments.segment_from
      and pieces.ends_on >= segments.segment_to
  left join rated on rated.rate_id = pieces.piece_id
  where segments.segment_to is not null
  group by
    segments.crm_instance, segments.contract_id, segments.sku, segments.segment_from, segments.segment_to
),

judged as (
  select
    *,
    case
      when billing_count = 0 then 'missing'
      when contract_count = 0 then 'orphan'
      when kind <> 'usage' and coalesce(contract_quantity, 0) <> coalesce(billing_quantity, 0) then 'quantity'
      when contract_terms <> billing_terms then 'terms'
      when contract_price <> billing_price then 'price'
      when kind <> 'usage' and contract_minor <> billing_minor then 'amount'
    end as finding
  from sides
)

select
  *,
  case when kind <> 'usage' then contract_minor - billing_minor end as delta_minor
from judged
where finding is not null
