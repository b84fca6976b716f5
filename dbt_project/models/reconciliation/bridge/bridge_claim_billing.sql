-- One row per set of events, record or cell that explains a part of E - M (leg A) or M - B (leg B), with its cause.
-- `is_agreed`: nothing was billed because nothing was to be (R13's coded reason), though the terms state a price.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

usage as (
  select billing_instance as source_instance, * from {{ ref('bridge_usage') }}
),

fees as (
  select billing_instance as source_instance, * from {{ ref('bridge_fee') }}
),

billed as (
  select billing_instance as source_instance, * from {{ ref('bridge_billed') }}
),

unsubscribed as (
  select * from {{ ref('bridge_unsubscribed') }}
),

spared as (
  select billing_instance as source_instance, subscription_id, interval_start
  from {{ ref('billing_gap') }}
  where coded_reason in ('trial', 'pause')
),

captured as (
  select
    source_instance, {{ bridge_cell() }},
    'A' as leg, cause_code, expected_minor as amount_minor, left_ref, right_ref,
    cast(null as timestamp) as due_at, false as is_agreed
  from usage
  where step > 0 and expected_minor <> 0
),

never_subscribed as (
  select
    source_instance, {{ bridge_cell() }},
    'B' as leg, 'B01' as cause_code, expected_minor as amount_minor,
    'contract_line:' || contract_line_id || '|' || segment_start as left_ref,
    cast(null as {{ dbt.type_string() }}) as right_ref, due_at, false as is_agreed
  from unsubscribed
  where expected_minor <> 0
),

priced as (
  select
    source_instance, {{ bridge_cell() }},
    'B' as leg, cause_code, due_minor - billed_minor as amount_minor,
    'terms' as left_ref, record_kind || ':' || record_id as right_ref,
    cast(null as timestamp) as due_at, false as is_agreed
  from billed
  where cause_code <> 'untestable' and due_minor <> billed_minor
),

-- lines of a cell in another currency than agreed: the two cells are linked and meet only after translation
other_currency as (
  select distinct source_instance, subscription_id, sku, service_period_start from billed where cause_code = 'B09'
),

-- what the terms expect less what the billed quantity would cost: quantity that was never billed, or not that of the
-- contract
owed as (
  select
    source_instance, {{ bridge_cell() }},
    metered_minor as owed_minor, 0 as lines, 'usage' as kind,
    cast(null as {{ dbt.type_string() }}) as quantity_cause, right_ref as left_ref
  from usage
  union all
  select
    source_instance, {{ bridge_cell() }},
    expected_minor as owed_minor, 0 as lines, kind,
    cast(null as {{ dbt.type_string() }}) as quantity_cause, 'terms:' || terms_id as left_ref
  from fees
  union all
  select
    source_instance, {{ bridge_cell() }},
    -due_minor as owed_minor, 1 as lines, case when kind in ('usage', 'minimum') then 'usage' else kind end as kind,
    quantity_cause, cast(null as {{ dbt.type_string() }}) as left_ref
  from billed
  where counts_quantity
),

quantities as (
  select
    owed.source_instance, {{ bridge_cell_of('owed') }},
    sum(owed.owed_minor) as amount_minor,
    sum(owed.lines) as line_count,
    max(owed.kind) as kind,
    max(owed.quantity_cause) as quantity_cause,
    min(owed.left_ref) as left_ref,
    -- a usage month is billed after it, a fee in advance
    cast(
      {{ add_days(
        'case when max(owed.kind) = \'usage\' then ' ~ add_months('owed.service_period_start', 1)
        ~ ' else owed.service_period_start end',
        'max(parameters.usage_grace_days + parameters.bill_run_days)'
      ) }} as timestamp
    ) as due_at
  from owed
  cross join parameters
  group by owed.source_instance, {{ bridge_cell_of('owed') }}
),

unbilled as (
  select
    quantities.source_instance, {{ bridge_cell_of('quantities') }},
    'B' as leg,
    case
      when other_currency.sku is not null and quantities.line_count = 0 then 'B09'
      when quantities.line_count = 0 then 'B03'
      -- a month that is not due may still be billed
      when quantities.kind = 'usage' and quantities.due_at > parameters.as_of then 'B03'
      when quantities.kind = 'usage' then 'B04'
      when abs(quantities.amount_minor) <= parameters.rounding_minor_per_document then 'B10'
      else coalesce(quantities.quantity_cause, 'B02')
    end as cause_code,
    quantities.amount_minor,
    quantities.left_ref,
    cast(null as {{ dbt.type_string() }}) as right_ref,
    quantities.due_at,
    quantities.line_count = 0 and spared.subscription_id is not null as is_agreed
  from quantities
  cross join parameters
  left join spared
    on
      spared.source_instance = quantities.source_instance
      and spared.subscription_id = quantities.subscription_id
      and spared.interval_start = quantities.service_period_start
  left join other_currency
    on
      other_currency.source_instance = quantities.source_instance
      and other_currency.subscription_id = quantities.subscription_id
      and other_currency.sku = quantities.sku
      and other_currency.service_period_start = quantities.service_period_start
  where quantities.amount_minor <> 0
)

select * from captured
union all
select * from never_subscribed
union all
select * from priced
union all
select * from unbilled
