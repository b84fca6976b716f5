-- One row per subscription, meter and service month with any event: the valid quantity in billed units, and beside it
-- what explains a difference: what came too late, what test tenants used, what was delivered more than once.
with days as (
  select * from {{ ref('usage_day') }}
),

meters as (
  select * from {{ ref('meter_span') }}
),

meter_months as (
  select * from {{ ref('meter_month') }}
),

unique_months as (
  select * from {{ ref('usage_unique') }}
),

subscriptions as (
  select source_instance, subscription_id from {{ ref('subscription') }}
),

repeats as (
  select
    source_instance,
    subscription_id,
    meter_code,
    {{ month_start('occurred_at') }} as service_month,
    count(*) as surplus_count,
    count(*) filter (where is_equal_copy) as equal_count,
    cast(sum(quantity) as decimal(38, 9)) as surplus_sum,
    cast(coalesce(sum(quantity) filter (where is_equal_copy), 0) as decimal(38, 9)) as equal_sum,
    min(quantity) as smallest,
    max(quantity) as largest
  from {{ ref('usage_repeat') }}
  where copy_number > 1
  group by source_instance, subscription_id, meter_code, {{ month_start('occurred_at') }}
),

versioned as (
  select
    days.source_instance,
    days.subscription_id,
    days.meter_code,
    days.service_month,
    days.is_test,
    meters.unit_multiplier,
    sum(days.event_count) as event_count,
    sum(days.in_time_event_count) as in_time_event_count,
    sum(days.in_grace_event_count) as in_grace_event_count,
    cast(sum(days.quantity_sum) as decimal(38, 9)) as quantity_sum,
    cast(sum(days.in_time_quantity_sum) as decimal(38, 9)) as in_time_quantity_sum,
    cast(sum(days.in_grace_quantity_sum) as decimal(38, 9)) as in_grace_quantity_sum,
    max(days.quantity_max) as quantity_max,
    max(days.in_time_quantity_max) as in_time_quantity_max,
    max(days.in_grace_quantity_max) as in_grace_quantity_max,
    min(days.first_occurred_at) as first_occurred_at,
    max(days.last_occurred_at) as last_occurred_at,
    max(days.last_ingested_at) as last_ingested_at
  from days
  left join meters
    on
      meters.source_instance = days.source_instance
      and meters.meter_code = days.meter_code
      and meters.effective_from <= days.usage_date
      and (meters.effective_to is null or meters.effective_to > days.usage_date)
  group by
    days.source_instance,
    days.subscription_id,
    days.meter_code,
    days.service_month,
    days.is_test,
    meters.unit_multiplier
),

converted as (
  select
    *,
    {{ in_billed_units('quantity_sum', 'unit_multiplier') }} as billed_sum,
    {{ in_billed_units('in_time_quantity_sum', 'unit_multiplier') }} as in_time_billed_sum,
    {{ in_billed_units('in_grace_quantity_sum', 'unit_multiplier') }} as in_grace_billed_sum,
    {{ in_billed_units('quantity_max', 'unit_multiplier') }} as billed_max,
    {{ in_billed_units('in_time_quantity_max', 'unit_multiplier') }} as in_time_billed_max,
    {{ in_billed_units('in_grace_quantity_max', 'unit_multiplier') }} as in_grace_billed_max
  from versioned
),

months as (
  select
    source_instance,
    subscription_id,
    meter_code,
    service_month,
    max(unit_multiplier) as unit_multiplier,
    count(distinct unit_multiplier) filter (where not is_test) as multipliers,
    coalesce(sum(case when billed_sum is null and not is_test then 1 else 0 end), 0) as unconverted,
    cast(coalesce(sum(event_count) filter (where not is_test), 0) as bigint) as valid_count,
    cast(coalesce(sum(in_time_event_count) filter (where not is_test), 0) as bigint) as in_time_count,
    cast(coalesce(sum(in_grace_event_count) filter (where not is_test), 0) as bigint) as in_grace_count,
    cast(coalesce(sum(event_count) filter (where is_test), 0) as bigint) as test_count,
    sum(billed_sum) filter (where not is_test) as valid_sum,
    sum(in_time_billed_sum) filter (where not is_test) as in_time_sum,
    sum(in_grace_billed_sum) filter (where not is_test) as in_grace_sum,
    max(billed_max) filter (where not is_test) as valid_max,
    max(in_time_billed_max) filter (where not is_test) as in_time_max,
    max(in_grace_billed_max) filter (where not is_test) as in_grace_max,
    sum(billed_sum) filter (where is_test) as test_sum,
    max(billed_max) as max_with_test,
    min(first_occurred_at) filter (where not is_test) as first_occurred_at,
    max(last_occurred_at) filter (where not is_test) as last_occurred_at,
    max(last_ingested_at) filter (where not is_test) as last_ingested_at
  from converted
  group by source_instance, subscription_id, meter_code, service_month
),

aggregated as (
  select
    months.*,
    meter_months.sku,
    meter_months.aggregation,
    case meter_months.aggregation
      when 'sum' then months.valid_sum
      when 'max' then months.valid_max
      when 'unique' then {{ in_billed_units('unique_months.valid_keys', 'months.unit_multiplier') }}
    end as valid_quantity,
    case meter_months.aggregation
      when 'sum' then months.in_time_sum
      when 'max' then months.in_time_max
      when 'unique' then {{ in_billed_units('unique_months.in_time_keys', 'months.unit_multiplier') }}
    end as in_time_quantity,
    case meter_months.aggregation
      when 'sum' then months.in_grace_sum
      when 'max' then months.in_grace_max
      when 'unique' then {{ in_billed_units('unique_months.in_grace_keys', 'months.unit_multiplier') }}
    end as in_grace_quantity,
    case meter_months.aggregation
      when 'sum' then months.test_sum
      when 'max' then months.max_with_test - coalesce(months.valid_max, 0)
      when 'unique'
        then
          {{ in_billed_units('(unique_months.keys_with_test - unique_months.valid_keys)', 'months.unit_multiplier') }}
    end as test_quantity,
    coalesce(repeats.surplus_count, 0) as surplus_count,
    coalesce(repeats.equal_count, 0) as equal_surplus_count,
    {{ in_billed_units('repeats.surplus_sum', 'months.unit_multiplier') }} as surplus_quantity,
    {{ in_billed_units('repeats.equal_sum', 'months.unit_multiplier') }} as equal_surplus_quantity,
    {{ in_billed_units('repeats.smallest', 'months.unit_multiplier') }} as surplus_smallest,
    {{ in_billed_units('repeats.largest', 'months.unit_multiplier') }} as surplus_largest
  from months
  left join meter_months
    on
      meter_months.source_instance = months.source_instance
      and meter_months.meter_code = months.meter_code
      and meter_months.service_month = months.service_month
  left join unique_months
    on
      unique_months.source_instance = months.source_instance
      and unique_months.subscription_id = months.subscription_id
      and unique_months.meter_code = months.meter_code
      and unique_months.service_month = months.service_month
  left join repeats
    on
      repeats.source_instance = months.source_instance
      and repeats.subscription_id = months.subscription_id
      and repeats.meter_code = months.meter_code
      and repeats.service_month = months.service_month
),

resolved as (
  {{ resolve_instance('aggregated', 'subscription_id', 'billing', 'subscriptions', 'subscription_id') }}
)

select
  source_instance,
  subscription_id,
  meter_code,
  service_month,
  billing_instance,
  sku,
  aggregation,
  cast(case when valid_count = 0 then 0 else valid_quantity end as decimal(38, 9)) as valid_quantity,
  valid_count,
  cast(case when in_time_count = 0 then 0 else in_time_quantity end as decimal(38, 9)) as in_time_quantity,
  in_time_count,
  cast(case when in_grace_count = 0 then 0 else in_grace_quantity end as decimal(38, 9)) as in_grace_quantity,
  cast(coalesce(test_quantity, 0) as decimal(38, 9)) as test_quantity,
  test_count,
  cast(coalesce(surplus_quantity, 0) as decimal(38, 9)) as surplus_quantity,
  cast(surplus_count as bigint) as surplus_count,
  cast(coalesce(equal_surplus_quantity, 0) as decimal(38, 9)) as equal_surplus_quantity,
  cast(equal_surplus_count as bigint) as equal_surplus_count,
  cast(surplus_smallest as decimal(38, 9)) as surplus_smallest,
  cast(surplus_largest as decimal(38, 9)) as surplus_largest,
  first_occurred_at,
  last_occurred_at,
  last_ingested_at,
  case
    when aggregation is null then 'no meter ' || meter_code || ' is in force in this month'
    when
      unconverted > 0
      then 'meter ' || meter_code || ' is not in force on every day with usage, or the quantity is too large'
    when aggregation = 'unique' and multipliers > 1
      then
        'the multiplier of meter '
        || meter_code
        || ' changes within the month, and distinct keys cannot be split by day'
  end as untestable_reason
from resolved
