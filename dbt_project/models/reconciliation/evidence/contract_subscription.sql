-- One row per signed contract: which subscriptions of billing carry it out, from when to when, and until when are its
-- terms and billing's compared?
with contracts as (
  select * from {{ ref('contract') }} where is_signed
),

subscriptions as (
  select * from {{ ref('subscription') }}
),

-- a renewal moves a subscription to the next contract; its versions still tell the one before
former as (
  select distinct
    subscriptions.crm_instance,
    versions.contract_id
  from {{ ref('subscription_version') }} as versions
  inner join subscriptions
    on
      subscriptions.source_instance = versions.source_instance
      and subscriptions.subscription_id = versions.subscription_id
  where versions.contract_id is not null
),

customers as (
  select * from {{ ref('billing_customer') }}
),

-- without versions: a subscription of the account that is older than the contract and now stands under a later one
renewed as (
  select contracts.source_instance as crm_instance, contracts.contract_id
  from contracts
  inner join customers
    on customers.crm_instance = contracts.source_instance and customers.crm_account_id = contracts.account_id
  inner join subscriptions
    on
      subscriptions.source_instance = customers.source_instance
      and subscriptions.customer_id = customers.customer_id
  inner join contracts as later
    on
      later.source_instance = subscriptions.crm_instance
      and later.contract_id = subscriptions.contract_id
      and later.contract_id <> contracts.contract_id
  where subscriptions.start_date <= contracts.start_date and later.start_date >= contracts.end_date
  group by contracts.source_instance, contracts.contract_id
),

linked as (
  select
    crm_instance,
    contract_id,
    min(source_instance) as billing_instance,
    {{ joined_text('subscription_id', ', ') }} as subscription_ids,
    min(customer_id) as customer_id,
    min(start_date) as start_date,
    max(end_date) as end_date,
    count(case when end_date is null and cancelled_at is null and status not in ('cancelled', 'expired') then 1 end)
      as open_count,
    max(coalesce(least(end_date, cast(cancelled_at as date)), end_date, cast(cancelled_at as date))) as ended_on,
    min(currency_code) as smallest_currency,
    max(currency_code) as largest_currency,
    min(billing_interval) as billing_interval
  from subscriptions
  where contract_id is not null and crm_instance is not null
  group by crm_instance, contract_id
)

select
  contracts.source_instance,
  contracts.contract_id,
  contracts.version,
  contracts.account_id,
  contracts.status,
  contracts.currency_code,
  contracts.start_date,
  contracts.end_date,
  contracts.signed_at,
  contracts.total_value_minor,
  contracts.business_transaction_id,
  contracts.legal_entity_code,
  linked.billing_instance,
  linked.subscription_ids,
  linked.customer_id,
  linked.start_date as subscription_start_date,
  linked.end_date as subscription_end_date,
  coalesce(linked.open_count, 0) > 0 as is_open_ended,
  linked.ended_on,
  linked.smallest_currency,
  linked.largest_currency,
  linked.contract_id is not null as is_linked,
  linked.contract_id is null and (former.contract_id is not null or renewed.contract_id is not null) as is_succeeded,
  greatest(contracts.start_date, linked.start_date) as compared_from,
  case
    when coalesce(linked.open_count, 0) > 0 or linked.ended_on is null then contracts.end_date
    else least(contracts.end_date, linked.ended_on)
  end as compared_until
from contracts
left join linked
  on linked.crm_instance = contracts.source_instance and linked.contract_id = contracts.contract_id
left join former
  on former.crm_instance = contracts.source_instance and former.contract_id = contracts.contract_id
left join renewed
  on renewed.crm_instance = contracts.source_instance and renewed.contract_id = contracts.contract_id
