-- One row per amount that a signed contract expects and no subscription bills (B01): each recurring interval that has
-- begun, each one-time fee, and the minimum of each usage month that has ended. What a contract without a subscription
-- is worth can only be said where its line states the interval and the price book of the customer's own engine has the
-- price; the rest is R09's to report, and stays out of the bridge.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

contracts as (
  select * from {{ ref('contract') }} where status in ('signed', 'terminated')
),

contract_lines as (
  select * from {{ ref('contract_line') }} where is_in_force and contract_status in ('signed', 'terminated')
),

subscribed as (
  select distinct crm_instance, contract_id
  from {{ ref('subscription') }}
  where contract_id is not null
),

accounts as (
  select * from {{ ref('crm_account') }}
),

-- the billing customer of the account, where it is one and not several
customers as (
  select crm_instance, crm_account_id, source_instance, min(customer_id) as customer_id
  from {{ ref('billing_customer') }}
  where crm_account_id is not null
  group by crm_instance, crm_account_id, source_instance
  having count(*) = 1
),

links as (
  select source_instance, min(linked_instance) as linked_instance
  from {{ source('config', 'instance_links') }}
  where domain = 'billing'
  group by source_instance
  having count(*) = 1
),

prices as (
  select * from {{ ref('price') }}
),

skus as (
  select * from {{ ref('sku') }}
),

rejected as (
  select * from {{ ref('terms_not_testable') }}
),

placed as (
  select
    contract_lines.*,
    contracts.start_date as contract_start,
    contracts.end_date as contract_end,
    accounts.legal_entity_code,
    coalesce(contract_lines.billing_instance, customers.source_instance, links.linked_instance) as engine,
    coalesce(customers.customer_id, 'crm:' || contract_lines.account_id) as customer_id,
    {{ add_hours('contract_lines.signed_at', 'parameters.master_data_hours') }} as due_at
  from contract_lines
  cross join parameters
  inner join contracts
    on contracts.source_instance = contract_lines.source_instance and contracts.contract_id = contract_lines.contract_id
  left join subscribed
    on subscribed.crm_instance = contract_lines.source_instance and subscribed.contract_id = contract_lines.contract_id
  left join rejected
    on
      rejected.scope = 'contract'
      and rejected.source_instance = contract_lines.source_instance
      and rejected.scope_id = contract_lines.contract_id
  left join accounts
    on accounts.source_instance = contract_lines.source_instance and accounts.account_id = contract_lines.account_id
  left join links on links.source_instance = contract_lines.source_instance
  left join customers
    on
      customers.crm_instance = contract_lines.source_instance
      and customers.crm_account_id = contract_lines.account_id
      and customers.source_instance = coalesce(contract_lines.billing_instance, links.linked_instance)
  where subscribed.contract_id is null and rejected.scope_id is null
),

priced as (
  select
    placed.*,
    skus.kind,
    prices.scheme,
    prices.unit_amount,
    prices.package_size,
    {{ currency_exponent('placed.currency_code') }} as exponent,
    case placed.billing_interval when 'month' then 1 when 'year' then 12 end as interval_months,
    least(coalesce(placed.effective_to, placed.contract_end), placed.contract_end) as ends_on
  from placed
  inner join skus on skus.source_instance = placed.engine and skus.sku = placed.sku
  inner join prices
    on
      prices.source_instance = placed.engine
      and prices.price_id = placed.price_id
      and prices.currency_code = placed.currency_code
),

digits as (
  {%- for digit in range(10) %}
  select {{ digit }} as digit{{ ' union all' if not loop.last }}
  {%- endfor %}
),

intervals as (
  select hundreds.digit * 100 + tens.digit * 10 + units.digit as interval_number
  from digits as hundreds
  cross join digits as tens
  cross join digits as units
),

recurring as (
  select
    priced.*,
    {{ add_months('priced.contract_start', 'intervals.interval_number * priced.interval_months') }} as interval_start,
    {{ add_months('priced.contract_start', '(intervals.interval_number + 1) * priced.interval_months') }}
      as interval_end,
    parameters.as_of
  from priced
  cross join parameters
  inner join intervals
    on
      intervals.interval_number * priced.interval_months
      <= {{ months_apart('priced.contract_start', 'parameters.as_of') }}
  where priced.kind = 'recurring' and (priced.quantity is not null or priced.scheme = 'flat')
),

segments as (
  select
    recurring.*,
    greatest(recurring.interval_start, recurring.effective_from) as segment_start,
    least(recurring.interval_end, coalesce(recurring.ends_on, recurring.interval_end)) as segment_end
  from recurring
),

amounts as (
  select
    segments.*,
    {{ days_between('segments.segment_start', 'segments.segment_end') }} as active_days,
    {{ days_between('segments.interval_start', 'segments.interval_end') }} as interval_days
  from segments
  where
    segments.segment_start < segments.segment_end and cast(segments.segment_start as timestamp) <= segments.as_of

  union all

  select
    priced.*,
    priced.effective_from as interval_start,
    cast(null as date) as interval_end,
    parameters.as_of,
    priced.effective_from as segment_start,
    cast(null as date) as segment_end,
    cast(null as bigint) as active_days,
    cast(null as bigint) as interval_days
  from priced
  cross join parameters
  where priced.kind = 'one_time' and cast(priced.effective_from as timestamp) <= parameters.as_of

  union all

  -- without a subscription nothing can be used, but a minimum is owed
  select
    priced.*,
    {{ add_months(month_start('priced.effective_from'), 'intervals.interval_number') }} as interval_start,
    {{ add_months(month_start('priced.effective_from'), '(intervals.interval_number + 1)') }} as interval_end,
    parameters.as_of,
    {{ add_months(month_start('priced.effective_from'), 'intervals.interval_number') }} as segment_start,
    cast(null as date) as segment_end,
    cast(null as bigint) as active_days,
    cast(null as bigint) as interval_days
  from priced
  cross join parameters
  inner join intervals
    on intervals.interval_number <= {{ months_apart('priced.effective_from', 'parameters.as_of') }}
  where
    priced.kind = 'usage'
    and priced.minimum_amount_minor > 0
    and cast({{ add_months(month_start('priced.effective_from'), '(intervals.interval_number + 1)') }} as timestamp)
    <= parameters.as_of
    and (
      priced.ends_on is null
      or {{ add_months(month_start('priced.effective_from'), 'intervals.interval_number') }} < priced.ends_on
    )
),

requests as (
  select
    source_instance || '|' || contract_line_id || '|' || segment_start as rate_id,
    engine as billing_instance,
    price_id,
    scheme,
    unit_amount,
    package_size,
    cast(case when kind = 'usage' then 0 else coalesce(quantity, 1) end as decimal(38, 9)) as quantity,
    case when kind = 'usage' then included_quantity else cast(0 as decimal(21, 9)) end as included_quantity,
    {{ discount_in_force('discount_percent', 'discount_until', 'segment_start') }} as discount_percent,
    active_days,
    interval_days,
    cast(exponent as bigint) as exponent
  from amounts
),

rated as (
  {{ rate('requests') }}
)

select
  amounts.engine as source_instance,
  amounts.legal_entity_code,
  amounts.customer_id,
  cast(null as {{ dbt.type_string() }}) as subscription_id,
  amounts.sku,
  amounts.interval_start as service_period_start,
  amounts.currency_code,
  amounts.contract_line_id,
  amounts.segment_start,
  case
    when amounts.kind = 'usage'
      then rated.rated_minor + {{ minimum_top_up('amounts.minimum_amount_minor', 'rated.rated_minor') }}
    else rated.rated_minor
  end as expected_minor,
  greatest(
    amounts.due_at,
    cast(
      {{ add_days(
        'coalesce(case when amounts.kind = \'usage\' then amounts.interval_end end, amounts.segment_start)',
        'parameters.usage_grace_days + parameters.bill_run_days'
      ) }} as timestamp
    )
  ) as due_at
from amounts
cross join parameters
inner join rated
  on
    rated.rate_id = amounts.source_instance || '|' || amounts.contract_line_id || '|' || amounts.segment_start
    and rated.rated_minor is not null
