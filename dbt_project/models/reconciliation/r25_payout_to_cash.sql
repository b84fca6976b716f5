-- One row per payout: is it what the payments that name it brought, less their fees and the refunds and disputes that
-- name it? A payment without a payout is on its way and no break; a payout that only payments know never arrived. What
-- names no payout and makes one to the minor unit, alone of all that could, is taken as its content.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

payouts as (
  select * from {{ ref('payout') }}
),

movements as (
  select
    source_instance, 'payment' as kind, payment_id as record_id, payout_id, currency_code,
    amount_minor - fee_amount_minor as amount_minor, fee_amount_minor, received_at as moved_at, legal_entity_code,
    erp_instance
  from {{ ref('payment') }}
  where status = 'succeeded'
  union all
  select
    source_instance, 'refund' as kind, refund_id as record_id, payout_id, currency_code, -amount_minor as amount_minor,
    cast(0 as bigint) as fee_amount_minor, created_at as moved_at, legal_entity_code, erp_instance
  from {{ ref('refund') }}
  where not {{ is_unpaid_refund('status') }}
  union all
  select
    source_instance, 'dispute' as kind, dispute_id as record_id, payout_id, currency_code,
    -amount_minor as amount_minor, cast(0 as bigint) as fee_amount_minor, created_at as moved_at, legal_entity_code,
    erp_instance
  from {{ ref('dispute') }}
),

-- records that name no payout and together make exactly one, which nothing else names
matched as (
  select
    items.source_instance,
    items.object as kind,
    items.record_id,
    payout_of.record_id as payout_id
  from {{ ref('matches') }} as items
  inner join {{ ref('matches') }} as payout_of
    on payout_of.purpose = 'payout' and payout_of.group_id = items.group_id and payout_of.side = 'right'
  where
    items.purpose = 'payout' and items.side = 'left' and items.status = 'confirmed'
    and items.kind in ('1:1', 'n:1')
),

named_movements as (
  select
    movements.source_instance,
    coalesce(movements.payout_id, matched.payout_id) as payout_id,
    movements.currency_code,
    movements.kind,
    movements.amount_minor,
    movements.fee_amount_minor,
    movements.moved_at,
    movements.legal_entity_code,
    movements.erp_instance
  from movements
  left join matched
    on
      matched.source_instance = movements.source_instance
      and matched.kind = movements.kind
      and matched.record_id = movements.record_id
  where movements.payout_id is not null or matched.payout_id is not null
),

-- in the payout's own currency; for a payout that is not there, in that of what names it
placed as (
  select
    named_movements.*,
    coalesce(payouts.currency_code, min(named_movements.currency_code) over (
      partition by named_movements.source_instance, named_movements.payout_id
    )) as payout_currency_code
  from named_movements
  left join payouts
    on payouts.source_instance = named_movements.source_instance and payouts.payout_id = named_movements.payout_id
),

totals as (
  select
    source_instance,
    payout_id,
    min(payout_currency_code) as currency_code,
    sum(case when currency_code = payout_currency_code then amount_minor else 0 end) as expected_minor,
    {{ joined_text('case when currency_code <> payout_currency_code then currency_code end', ', ') }}
      as foreign_currencies,
    count(*) filter (where kind = 'payment') as payment_count,
    sum(case when currency_code = payout_currency_code then fee_amount_minor else 0 end) as fee_minor,
    sum(case when kind = 'refund' and currency_code = payout_currency_code then -amount_minor else 0 end)
      as refund_minor,
    sum(case when kind = 'dispute' and currency_code = payout_currency_code then -amount_minor else 0 end)
      as dispute_minor,
    max(moved_at) as last_moved_at,
    case when count(distinct legal_entity_code) = 1 then min(legal_entity_code) end as legal_entity_code,
    case when count(distinct erp_instance) = 1 then min(erp_instance) end as erp_instance
  from placed
  group by source_instance, payout_id
),

single_fees as (
  select distinct source_instance, payout_id, fee_amount_minor
  from placed
  where kind = 'payment' and currency_code = payout_currency_code and fee_amount_minor > 0
),

named as (
  select source_instance, count(*) as movement_count
  from named_movements
  group by source_instance
),

paired as (
  select
    coalesce(payouts.source_instance, totals.source_instance) as source_instance,
    coalesce(payouts.payout_id, totals.payout_id) as payout_id,
    totals.legal_entity_code,
    totals.erp_instance,
    coalesce(payouts.currency_code, totals.currency_code) as currency_code,
    cast(totals.expected_minor as bigint) as expected_minor,
    payouts.amount_minor as paid_minor,
    cast(coalesce(totals.expected_minor, 0) - coalesce(payouts.amount_minor, 0) as bigint) as delta_minor,
    totals.payment_count,
    totals.fee_minor,
    totals.refund_minor,
    totals.dispute_minor,
    totals.foreign_currencies,
    payouts.payout_id is null as is_missing,
    totals.payout_id is null as is_unnamed,
    coalesce(payouts.arrival_date, {{ utc_date('totals.last_moved_at') }}) as cash_date
  from payouts
  full outer join totals
    on totals.source_instance = payouts.source_instance and totals.payout_id = payouts.payout_id
),

judged as (
  select
    paired.*,
    case
      when paired.is_missing then 'missing'
      when paired.foreign_currencies is not null then 'currency'
      when paired.is_unnamed and paired.paid_minor <> 0 then 'unnamed'
      when paired.delta_minor = 0 then 'same'
      when paired.fee_minor > 0 and abs(paired.delta_minor) = paired.fee_minor then 'fees'
      when single_fees.fee_amount_minor is not null then 'fee'
      when paired.delta_minor > 0 then 'kept'
      else 'over'
    end as finding,
    {{ period_of('calendar.period', 'paired.cash_date') }} as period,
    cast({{ add_days('paired.cash_date', 'parameters.payout_days') }} as timestamp) as due_at,
    coalesce(own_payout.reason, any_payout.reason) as untested_reason,
    coalesce(named.movement_count, 0) = 0 as names_no_payout
  from paired
  cross join parameters
  left join single_fees
    on
      single_fees.source_instance = paired.source_instance
      and single_fees.payout_id = paired.payout_id
      and single_fees.fee_amount_minor = abs(paired.delta_minor)
  left join {{ ref('entity_period') }} as calendar
    on
      calendar.source_instance = paired.erp_instance
      and calendar.legal_entity_code = paired.legal_entity_code
      and paired.cash_date between calendar.first_date and calendar.last_date
  left join {{ ref('payout_not_testable') }} as own_payout
    on own_payout.source_instance = paired.source_instance and own_payout.payout_id = paired.payout_id
  left join {{ ref('payout_not_testable') }} as any_payout
    on any_payout.source_instance = paired.source_instance and any_payout.payout_id is null
  left join named on named.source_instance = paired.source_instance
),

compared as (
  select
    source_instance,
    payout_id as match_key,
    legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    currency_code,
    period,
    expected_minor as left_value,
    paid_minor as right_value,
    delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    finding <> 'same' as has_fault,
    case
      when finding in ('fees', 'fee') then 'fee'
      when finding in ('kept', 'over') then 'reserve'
      when finding = 'missing' then 'unreported payout'
      when finding = 'currency' then 'other currency'
      when finding = 'unnamed' then 'D99'
    end as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    'Payout ' || payout_id || ' of ' || {{ money_words('paid_minor', 'currency_code') }} || case finding
      when 'missing'
        then
          ' is named by ' || {{ counted('payment_count', 'payment') }} || ', but was never reported: '
          || {{ money_words('expected_minor', 'currency_code') }} || ' has not reached the bank'
      when 'unnamed' then ' is named by no payment, refund or dispute: nothing explains it'
      else
        ' should be ' || {{ money_words('expected_minor', 'currency_code') }} || ' by '
        || {{ counted('payment_count', 'payment') }} || ', after fees of '
        || {{ money_words('fee_minor', 'currency_code') }} || ', refunds of '
        || {{ money_words('refund_minor', 'currency_code') }} || ' and disputes of '
        || {{ money_words('dispute_minor', 'currency_code') }} || ': '
        || case finding
          when 'currency' then 'items in ' || foreign_currencies || ' name it, which cannot be part of it'
          when 'kept'
            then
              'the provider kept back ' || {{ money_words('delta_minor', 'currency_code') }}
              || ', which no fee, refund or dispute explains'
          when 'over'
            then
              'the provider paid ' || {{ money_words('-delta_minor', 'currency_code') }}
              || ' more, as when a reserve is released'
          else
            {{ money_words('abs(delta_minor)', 'currency_code') }}
            || case when delta_minor > 0 then ' is missing' else ' is too much' end
            || case finding when 'fees' then ', exactly its fees, ' else ', exactly the fee of one payment, ' end
            || case when delta_minor > 0 then 'as if taken twice' else 'as if never taken' end
        end
    end as reason,
    case
      when untested_reason is not null then 'Not tested: ' || untested_reason
      when names_no_payout then
        'Not tested: no payment, refund or dispute of ' || source_instance || ' names a payout'
    end as not_testable_reason,
    case when expected_minor is not null then 'payment:payout_id ' || payout_id end as left_ref,
    case when not is_missing then 'payout:' || payout_id end as right_ref,
    due_at
  from judged

  union all

  select
    {{ untested_columns('unknown.source_instance', 'unknown.payout_id', 'unknown.reason') }}
  from {{ ref('payout_not_testable') }} as unknown
  left join paired
    on paired.source_instance = unknown.source_instance and paired.payout_id = unknown.payout_id
  where unknown.payout_id is not null and paired.payout_id is null
)
{{ reconcile('compared', code='R25', tolerance='T0', domains=['billing']) }}
