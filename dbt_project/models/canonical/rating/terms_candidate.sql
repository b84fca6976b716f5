-- One row per stated set of terms of a subscription's product: the contract's lines of every signed version, and
-- billing's own copy. Which of them holds is `is_in_force`; the others are what a wrong amount may have been billed
-- by.
with subscriptions as (
  select
    *,
    {{ subscription_end() }} as ends_on
  from {{ ref('subscription') }}
),

contract_lines as (
  select * from {{ ref('contract_line') }} where contract_status in ('signed', 'terminated')
),

contracts as (
  select * from {{ ref('contract_version') }}
),

items as (
  select * from {{ ref('subscription_item') }}
),

prices as (
  select * from {{ ref('price') }}
),

currencies as (
  select * from {{ ref('currencies') }}
),

-- with a CRM connected its contracts are the terms; billing's items only where there is none
with_crm as (
  select distinct source_instance from {{ source('config', 'instance_links') }} where domain = 'crm'
),

rejected as (
  select * from {{ ref('terms_not_testable') }}
),

of_contracts as (
  select
    subscriptions.source_instance as billing_instance,
    subscriptions.subscription_id,
    contract_lines.sku,
    'contract' as basis,
    contract_lines.contract_line_id as terms_id,
    contract_lines.contract_id,
    contract_lines.version,
    contract_lines.is_in_force,
    contract_lines.effective_from,
    least(coalesce(contract_lines.effective_to, contracts.end_date), contracts.end_date) as effective_to,
    contract_lines.quantity,
    contract_lines.price_id,
    contract_lines.discount_percent,
    contract_lines.discount_until,
    contract_lines.included_quantity,
    contract_lines.minimum_amount_minor,
    contract_lines.currency_code,
    coalesce(contract_lines.billing_interval, subscriptions.billing_interval) as billing_interval,
    subscriptions.start_date,
    subscriptions.customer_id,
    subscriptions.legal_entity_code,
    subscriptions.crm_instance
  from subscriptions
  inner join contract_lines
    on
      contract_lines.source_instance = subscriptions.crm_instance
      and contract_lines.contract_id = subscriptions.contract_id
  inner join contracts
    on
      contracts.source_instance = contract_lines.source_instance
      and contracts.contract_id = contract_lines.contract_id
      and contracts.version = contract_lines.version
),

of_items as (
  select
    subscriptions.source_instance as billing_instance,
    subscriptions.subscription_id,
    items.sku,
    'item' as basis,
    items.item_id as terms_id,
    cast(null as {{ dbt.type_string() }}) as contract_id,
    cast(null as bigint) as version,
    with_crm.source_instance is null as is_in_force,
    items.effective_from,
    -- an item left open ends with its subscription
    case
      when items.effective_to is null then subscriptions.ends_on
      else least(items.effective_to, coalesce(subscriptions.ends_on, items.effective_to))
    end as effective_to,
    items.quantity,
    items.price_id,
    items.discount_percent,
    items.discount_until,
    items.included_quantity,
    items.minimum_amount_minor,
    subscriptions.currency_code,
    subscriptions.billing_interval,
    subscriptions.start_date,
    subscriptions.customer_id,
    subscriptions.legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as crm_instance
  from subscriptions
  inner join items
    on items.source_instance = subscriptions.source_instance and items.subscription_id = subscriptions.subscription_id
  left join with_crm on with_crm.source_instance = subscriptions.source_instance
),

stated as (
  select * from of_contracts
  union all
  select * from of_items
)

select
  stated.billing_instance,
  stated.subscription_id,
  stated.sku,
  stated.basis,
  stated.terms_id,
  stated.contract_id,
  stated.version,
  stated.is_in_force,
  stated.effective_from,
  stated.effective_to,
  stated.quantity,
  stated.price_id,
  prices.scheme,
  prices.unit_amount,
  prices.package_size,
  cast(coalesce(stated.discount_percent, 0) as decimal(7, 4)) as discount_percent,
  stated.discount_until,
  cast(coalesce(stated.included_quantity, 0) as decimal(21, 9)) as included_quantity,
  coalesce(stated.minimum_amount_minor, 0) as minimum_amount_minor,
  stated.currency_code,
  cast(currencies.exponent as bigint) as exponent,
  stated.billing_interval,
  case stated.billing_interval when 'month' then 1 when 'year' then 12 end as interval_months,
  stated.start_date,
  stated.customer_id,
  stated.legal_entity_code,
  case
    when rejected_contracts.reason is not null then rejected_contracts.reason
    when rejected_prices.reason is not null then rejected_prices.reason
    when rejected_subscriptions.reason is not null then rejected_subscriptions.reason
    when rejected_items.reason is not null then rejected_items.reason
    when prices.price_id is null then 'price ' || coalesce(stated.price_id, '(none)') || ' is not in the price book'
    when prices.currency_code <> stated.currency_code
      then
        'price '
        || stated.price_id
        || ' is in '
        || prices.currency_code
        || ', the terms are in '
        || stated.currency_code
    when currencies.exponent is null then 'currency ' || coalesce(stated.currency_code, '(none)') || ' is unknown'
  end as untestable_reason
from stated
left join prices on prices.source_instance = stated.billing_instance and prices.price_id = stated.price_id
left join currencies on currencies.currency_code = stated.currency_code
left join rejected as rejected_contracts
  on
    rejected_contracts.scope = 'contract'
    and rejected_contracts.source_instance = stated.crm_instance
    and rejected_contracts.scope_id = stated.contract_id
left join rejected as rejected_prices
  on
    rejected_prices.scope = 'price'
    and rejected_prices.source_instance = stated.billing_instance
    and rejected_prices.scope_id = stated.price_id
left join rejected as rejected_subscriptions
  on
    rejected_subscriptions.scope = 'subscription'
    and rejected_subscriptions.source_instance = stated.billing_instance
    and rejected_subscriptions.scope_id = stated.subscription_id
left join rejected as rejected_items
  on
    rejected_items.scope = 'item'
    and stated.basis = 'item'
    and rejected_items.source_instance = stated.billing_instance
    and rejected_items.scope_id = stated.subscription_id
