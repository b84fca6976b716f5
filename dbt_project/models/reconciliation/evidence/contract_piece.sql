-- One row per contract line in force and per billing item that carries the contract out: what each side says about a
-- product, and from when to when. `terms_key` is what must be equal besides the quantity; `price_words` is the price
-- itself, not its name, so that a renamed price is no difference.
with contracts as (
  select * from {{ ref('contract_subscription') }} where is_linked
),

subscriptions as (
  select * from {{ ref('subscription') }}
),

skus as (
  select * from {{ ref('sku') }}
),

prices as (
  select * from {{ ref('price') }}
),

tiers as (
  select
    source_instance,
    price_id,
    {{ joined_text(
      "lpad(cast(tier_number as string), 6, '0') || ':' || coalesce(cast(up_to as string), '') || ':'"
      ~ " || coalesce(cast(unit_amount as string), '') || ':' || cast(coalesce(flat_amount, 0) as string)", ';'
    ) }} as tier_words
  from {{ ref('price_tier') }}
  group by source_instance, price_id
),

of_contracts as (
  select
    contracts.source_instance as crm_instance,
    contracts.contract_id,
    contracts.billing_instance,
    contracts.compared_from,
    contracts.compared_until,
    'contract' as side,
    lines.contract_line_id as record_id,
    lines.sku,
    lines.price_id,
    lines.quantity,
    lines.discount_percent,
    lines.discount_until,
    lines.included_quantity,
    lines.minimum_amount_minor,
    lines.billing_interval,
    lines.effective_from,
    coalesce(lines.effective_to, contracts.end_date) as effective_to,
    contracts.version,
    contracts.currency_code
  from {{ ref('contract_line') }} as lines
  inner join contracts
    on
      contracts.source_instance = lines.source_instance
      and contracts.contract_id = lines.contract_id
      and contracts.version = lines.version
),

of_items as (
  select
    contracts.source_instance as crm_instance,
    contracts.contract_id,
    items.source_instance as billing_instance,
    contracts.compared_from,
    contracts.compared_until,
    'billing' as side,
    items.item_id as record_id,
    items.sku,
    items.price_id,
    items.quantity,
    items.discount_percent,
    items.discount_until,
    items.included_quantity,
    items.minimum_amount_minor,
    subscriptions.billing_interval,
    items.effective_from,
    coalesce(items.effective_to, contracts.compared_until) as effective_to,
    named.version,
    subscriptions.currency_code
  from {{ ref('subscription_item') }} as items
  inner join subscriptions
    on
      subscriptions.source_instance = items.source_instance
      and subscriptions.subscription_id = items.subscription_id
  inner join contracts
    on contracts.source_instance = subscriptions.crm_instance and contracts.contract_id = subscriptions.contract_id
  left join {{ ref('contract_line') }} as named
    on named.source_instance = subscriptions.crm_instance and named.contract_line_id = items.contract_line_id
),

pieces as (
  select * from of_contracts
  union all
  select * from of_items
),

-- a one-time fee has a day, not a span: whether billing ends its item after billing it does not matter
spans as (
  select
    pieces.*,
    coalesce(skus.kind, 'recurring') as kind,
    prices.scheme,
    prices.unit_amount,
    prices.package_size,
    {{ currency_exponent('pieces.currency_code') }} as exponent,
    coalesce(
      prices.scheme || ':' || coalesce(cast(prices.unit_amount as {{ dbt.type_string() }}), '') || ':'
      || coalesce(cast(prices.package_size as {{ dbt.type_string() }}), '') || ':' || coalesce(tiers.tier_words, ''),
      'unknown price ' || pieces.price_id
    ) as price_words,
    greatest(pieces.effective_from, pieces.compared_from) as begins_on,
    case
      when skus.kind = 'one_time' then {{ add_days('greatest(pieces.effective_from, pieces.compared_from)', 1) }}
      else least(pieces.effective_to, pieces.compared_until)
    end as ends_on
  from pieces
  left join skus on skus.source_instance = pieces.billing_instance and skus.sku = pieces.sku
  left join prices on prices.source_instance = pieces.billing_instance and prices.price_id = pieces.price_id
  left join tiers on tiers.source_instance = pieces.billing_instance and tiers.price_id = pieces.price_id
)

select
  crm_instance,
  contract_id,
  billing_instance,
  side,
  crm_instance || '|' || billing_instance || '|' || side || '|' || record_id as piece_id,
  record_id,
  sku,
  kind,
  price_id,
  price_words,
  scheme,
  unit_amount,
  package_size,
  exponent,
  quantity,
  discount_percent,
  included_quantity,
  version,
  begins_on,
  ends_on,
  'discount ' || cast(cast(coalesce(discount_percent, 0) as decimal(7, 4)) as {{ dbt.type_string() }}) || ' %'
  || case
    when coalesce(discount_percent, 0) <> 0
      then coalesce(' until ' || cast(discount_until as {{ dbt.type_string() }}), '')
    else ''
  end
  || ', included ' || {{ quantity_words('coalesce(included_quantity, 0)') }}
  || ', minimum ' || cast(coalesce(minimum_amount_minor, 0) as {{ dbt.type_string() }})
  || case when kind = 'recurring' and billing_interval is not null then ', per ' || billing_interval else '' end
    as terms_key
from spans
where ends_on > begins_on
