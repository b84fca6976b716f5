-- One row per subscription, product and period with prepaid units: what should be left at its close by grants,
-- drawdowns and expiry, and what does billing's balance say? Amounts are those in the subscription's currency alone.
with grants as (
  select * from {{ ref('prepaid_grant') }}
),

drawdowns as (
  select * from {{ ref('prepaid_drawdown') }} where subscription_id is not null
),

balances as (
  select * from {{ ref('prepaid_balance') }}
),

subscriptions as (
  select * from {{ ref('subscription') }}
),

-- an entity's own calendar where it keeps one, else calendar months
calendars as (
  select
    links.source_instance,
    calendar.legal_entity_code,
    calendar.period,
    min(calendar.start_date) as start_date,
    max(calendar.end_date) as end_date
  from {{ ref('accounting_period') }} as calendar
  inner join {{ source('config', 'instance_links') }} as links
    on links.linked_instance = calendar.source_instance and links.domain = 'erp'
  group by links.source_instance, calendar.legal_entity_code, calendar.period
),

products as (
  select source_instance, subscription_id, sku, min(currency_code) as currency_code from grants
  group by source_instance, subscription_id, sku
  union
  select balances.source_instance, balances.subscription_id, balances.sku, min(balances.currency_code) as currency_code
  from balances
  left join grants
    on
      grants.source_instance = balances.source_instance
      and grants.subscription_id = balances.subscription_id
      and grants.sku = balances.sku
  where grants.grant_id is null
  group by balances.source_instance, balances.subscription_id, balances.sku
),

-- what billing delivered, by the entity's own label and by the last day that it means
delivered as (
  select distinct
    balances.source_instance,
    subscriptions.legal_entity_code,
    balances.period,
    coalesce(calendars.end_date, {{ month_end(period_start('balances.period')) }}) as last_date
  from balances
  left join subscriptions
    on
      subscriptions.source_instance = balances.source_instance
      and subscriptions.subscription_id = balances.subscription_id
  left join calendars
    on
      calendars.source_instance = balances.source_instance
      and calendars.legal_entity_code = subscriptions.legal_entity_code
      and calendars.period = balances.period
),

last_dates as (
  select distinct source_instance, last_date from delivered
),

entities as (
  select distinct products.source_instance, subscriptions.legal_entity_code
  from products
  left join subscriptions
    on
      subscriptions.source_instance = products.source_instance
      and subscriptions.subscription_id = products.subscription_id
),

-- a balance is expected of every entity for the days for which one was delivered, in the entity's own periods
periods as (
  select source_instance, legal_entity_code, period from delivered
  union
  select
    entities.source_instance,
    entities.legal_entity_code,
    {{ period_of('calendar.period', 'last_dates.last_date') }} as period
  from entities
  inner join last_dates on last_dates.source_instance = entities.source_instance
  left join {{ ref('entity_period') }} as calendar
    on
      calendar.source_instance = entities.source_instance
      and calendar.legal_entity_code = entities.legal_entity_code
      and last_dates.last_date between calendar.first_date and calendar.last_date
),

cells as (
  select
    products.source_instance,
    products.subscription_id,
    products.sku,
    coalesce(subscriptions.currency_code, products.currency_code) as currency_code,
    periods.period,
    subscriptions.customer_id,
    subscriptions.legal_entity_code,
    cast(coalesce(calendars.start_date, {{ period_start('periods.period') }}) as timestamp) as starts_at,
    cast(
      coalesce(
        {{ add_days('calendars.end_date', 1) }}, {{ add_months(period_start('periods.period'), 1) }}
      ) as timestamp
    ) as ends_at
  from products
  left join subscriptions
    on
      subscriptions.source_instance = products.source_instance
      and subscriptions.subscription_id = products.subscription_id
  inner join periods
    on
      periods.source_instance = products.source_instance
      and periods.legal_entity_code is not distinct from subscriptions.legal_entity_code
  left join calendars
    on
      calendars.source_instance = products.source_instance
      and calendars.legal_entity_code = subscriptions.legal_entity_code
      and calendars.period = periods.period
),

drawn as (
  select
    cells.source_instance,
    cells.period,
    drawdowns.grant_id,
    cast(sum(drawdowns.quantity) as decimal(38, 9)) as quantity,
    cast(coalesce(sum(drawdowns.quantity) filter (where drawdowns.drawn_at >= cells.starts_at), 0) as decimal(38, 9))
      as drawn_in_period,
    count(*) filter (where drawdowns.drawn_at >= cells.starts_at) as drawdowns_in_period
  from cells
  inner join drawdowns
    on
      drawdowns.source_instance = cells.source_instance
      and drawdowns.subscription_id = cells.subscription_id
      and drawdowns.sku = cells.sku
      and drawdowns.drawn_at < cells.ends_at
  group by cells.source_instance, cells.period, drawdowns.grant_id
),

-- the same units of one invoice line taken twice from one grant
repeats as (
  select
    cells.source_instance,
    cells.subscription_id,
    cells.sku,
    cells.period,
    drawdowns.grant_id,
    {{ joined_text('drawdowns.drawdown_id') }} as drawdown_ids
  from cells
  inner join drawdowns
    on
      drawdowns.source_instance = cells.source_instance
      and drawdowns.subscription_id = cells.subscription_id
      and drawdowns.sku = cells.sku
      and drawdowns.drawn_at >= cells.starts_at
      and drawdowns.drawn_at < cells.ends_at
  where drawdowns.invoice_line_id is not null
  group by
    cells.source_instance, cells.subscription_id, cells.sku, cells.period, drawdowns.grant_id, drawdowns.invoice_line_id
  having count(*) > 1
),

repeated as (
  select
    source_instance,
    subscription_id,
    sku,
    period,
    min(grant_id) as grant_id,
    {{ joined_text('drawdown_ids') }} as drawdown_ids
  from repeats
  group by source_instance, subscription_id, sku, period
),

shares as (
  select
    cells.source_instance,
    cells.subscription_id,
    cells.sku,
    cells.period,
    grants.grant_id,
    grants.quantity,
    grants.amount_minor,
    grants.currency_code = cells.currency_code as is_same_currency,
    grants.granted_at >= cells.starts_at as is_new,
    coalesce(grants.expires_at < cells.ends_at, false) as is_expired,
    coalesce(grants.expires_at < cells.ends_at and grants.expires_at >= cells.starts_at, false) as expires_now,
    coalesce(drawn.quantity, 0) as drawn_quantity,
    coalesce(drawn.drawn_in_period, 0) as drawn_in_period,
    coalesce(drawn.drawdowns_in_period, 0) as drawdowns_in_period,
    {{ billionths('coalesce(drawn.quantity, 0)') }} as drawn_units,
    {{ billionths('grants.quantity') }} as granted_units
  from cells
  inner join grants
    on
      grants.source_instance = cells.source_instance
      and grants.subscription_id = cells.subscription_id
      and grants.sku = cells.sku
      and grants.granted_at < cells.ends_at
  left join drawn
    on
      drawn.source_instance = cells.source_instance
      and drawn.period = cells.period
      and drawn.grant_id = grants.grant_id
),

rolled as (
  select
    source_instance,
    subscription_id,
    sku,
    period,
    cast(sum(case when is_expired then 0 else quantity - drawn_quantity end) as decimal(38, 9)) as left_quantity,
    -- a share of a grant in money: what is drawn, rounded once
    sum(
      case
        when is_expired or not is_same_currency then 0
        else amount_minor - {{ mul_div_round('amount_minor', 'drawn_units', 'granted_units') }}
      end
    ) as left_minor,
    count(*) filter (
      where
      not is_expired and is_same_currency
      and {{ mul_div_round('amount_minor', 'drawn_units', 'granted_units') }} is null
    ) as unpriced,
    cast(coalesce(sum(quantity) filter (where is_new), 0) as decimal(38, 9)) as bought_quantity,
    cast(sum(drawn_in_period) as decimal(38, 9)) as drawn_quantity,
    -- of a grant of which nothing was drawn nothing was rounded
    count(*) filter (where drawn_quantity > 0) + sum(drawdowns_in_period) as rounding_minor,
    count(*) filter (where expires_now) as expiring,
    {{ joined_text("case when not is_same_currency and not is_expired then grant_id end") }} as foreign_grant_ids,
    count(*) filter (where not is_same_currency and is_new) as new_foreign_grants,
    coalesce(
      min(grant_id) filter (where drawdowns_in_period > 0), min(grant_id) filter (where not is_expired), min(grant_id)
    ) as moved_grant_id
  from shares
  group by source_instance, subscription_id, sku, period
)

select
  cells.source_instance,
  cells.subscription_id,
  cells.sku,
  cells.period,
  cells.customer_id,
  cells.legal_entity_code,
  cells.starts_at,
  cells.ends_at,
  cells.currency_code,
  balances.currency_code as balance_currency_code,
  coalesce(balances.currency_code, cells.currency_code) = cells.currency_code as is_same_currency,
  coalesce(rolled.left_quantity, 0) as left_quantity,
  case when coalesce(rolled.unpriced, 0) = 0 then cast(coalesce(rolled.left_minor, 0) as bigint) end as left_minor,
  coalesce(rolled.bought_quantity, 0) as bought_quantity,
  coalesce(rolled.drawn_quantity, 0) as drawn_quantity,
  coalesce(rolled.rounding_minor, 0) as rounding_minor,
  coalesce(rolled.expiring, 0) as expiring_grants,
  rolled.foreign_grant_ids,
  coalesce(rolled.new_foreign_grants, 0) as new_foreign_grants,
  rolled.left_quantity is not null as has_grants,
  coalesce(repeated.grant_id, rolled.moved_grant_id) as moved_grant_id,
  repeated.drawdown_ids as repeated_drawdown_ids,
  balances.subscription_id is not null as has_balance,
  balances.closing_quantity,
  balances.closing_amount_minor
from cells
left join rolled
  on
    rolled.source_instance = cells.source_instance
    and rolled.subscription_id = cells.subscription_id
    and rolled.sku = cells.sku
    and rolled.period = cells.period
left join repeated
  on
    repeated.source_instance = cells.source_instance
    and repeated.subscription_id = cells.subscription_id
    and repeated.sku = cells.sku
    and repeated.period = cells.period
left join balances
  on
    balances.source_instance = cells.source_instance
    and balances.subscription_id = cells.subscription_id
    and balances.sku = cells.sku
    and balances.period = cells.period
