-- One row per business transaction of a signed contract version and system that must carry it: has it arrived, with
-- the right products and effective date, and until when may it? `is_needed` false: nothing of it belongs there yet.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

links as (
  select * from {{ source('config', 'instance_links') }}
),

changes as (
  select * from {{ ref('transaction_change') }}
),

subscriptions as (
  select * from {{ ref('subscription') }}
),

signed as (
  select
    versions.source_instance,
    versions.business_transaction_id,
    min(versions.contract_id) as contract_id,
    min(versions.version) as version,
    min(versions.signed_at) as signed_at,
    min(versions.start_date) as start_date,
    min(versions.currency_code) as currency_code,
    min(versions.legal_entity_code) as legal_entity_code
  from {{ ref('contract_version') }} as versions
  where versions.status in ('signed', 'terminated') and versions.signed_at is not null
  group by versions.source_instance, versions.business_transaction_id
),

dated as (
  select
    *,
    cast(signed_at as date) as compared_on,
    'effective_date' as field
  from signed
),

policies as (
  {{ authority_of('dated', ['source_instance', 'business_transaction_id'], ['amendment']) }}
),

-- a newer version restates every line, and so touches the rows of the one before
followed as (
  select
    source_instance,
    business_transaction_id,
    lead(signed_at) over (partition by source_instance, contract_id order by version) as next_signed_at
  from {{ ref('contract_version') }}
  where status in ('signed', 'terminated') and signed_at is not null
),

next_versions as (
  select source_instance, business_transaction_id, min(next_signed_at) as next_signed_at
  from followed
  group by source_instance, business_transaction_id
),

wanted as (
  select
    source_instance,
    business_transaction_id,
    count(*) as sku_count,
    min(effective_from) as effective_from
  from changes
  group by source_instance, business_transaction_id
),

-- a source that lands only the newest version of a row hides when the row began
first_items as (
  select
    source_instance,
    item_id,
    min(valid_from) as first_seen_at,
    count(*) > 1 or max(effective_to) is null as is_first_known
  from {{ ref('subscription_item_version') }}
  group by source_instance, item_id
),

first_entitlements as (
  select
    source_instance,
    entitlement_id,
    min(valid_from) as first_seen_at,
    count(*) > 1 or max(effective_to) is null as is_first_known
  from {{ ref('entitlement_version') }}
  group by source_instance, entitlement_id
),

items as (
  select
    'billing' as system, subscriptions.crm_instance, items.source_instance, items.business_transaction_id,
    items.item_id as record_id, items.sku, items.effective_from, first_items.first_seen_at,
    first_items.is_first_known
  from {{ ref('subscription_item') }} as items
  inner join subscriptions
    on
      subscriptions.source_instance = items.source_instance
      and subscriptions.subscription_id = items.subscription_id
  inner join first_items
    on first_items.source_instance = items.source_instance and first_items.item_id = items.item_id
  where items.business_transaction_id is not null and subscriptions.crm_instance is not null
),

-- an entitlement whose subscription billing does not know is found by the transaction's id alone
entitlements as (
  select
    'product' as system, coalesce(subscriptions.crm_instance, links.linked_instance) as crm_instance,
    entitlements.source_instance, entitlements.business_transaction_id, entitlements.entitlement_id as record_id,
    entitlements.sku, entitlements.effective_from, first_entitlements.first_seen_at,
    first_entitlements.is_first_known
  from {{ ref('entitlement') }} as entitlements
  inner join first_entitlements
    on
      first_entitlements.source_instance = entitlements.source_instance
      and first_entitlements.entitlement_id = entitlements.entitlement_id
  inner join links on links.source_instance = entitlements.source_instance and links.domain = 'crm'
  left join subscriptions
    on
      subscriptions.source_instance = entitlements.billing_instance
      and subscriptions.subscription_id = entitlements.subscription_id
  where entitlements.business_transaction_id is not null
),

records as (
  select * from items
  union all
  select * from entitlements
),

by_sku as (
  select
    system, crm_instance, business_transaction_id, sku,
    {{ joined_text('record_id', ', ') }} as record_ids,
    min(effective_from) as effective_from,
    min(first_seen_at) as first_seen_at,
    min(case when is_first_known then 1 else 0 end) as is_first_known
  from records
  group by system, crm_instance, business_transaction_id, sku
),

systems as (
  select 'billing' as system
  union all
  select 'product' as system
),

-- billing must hold every product of the change, the product at least one of them (R01 tests each)
by_system as (
  select
    systems.system,
    changes.source_instance,
    changes.business_transaction_id,
    count(by_sku.sku) as found_count,
    count(case when by_sku.sku is null then 1 end) as missing_count,
    count(case when by_sku.effective_from <> changes.effective_from then 1 end) as misdated_count,
    {{ joined_text('case when by_sku.sku is null then changes.sku end', ', ') }} as missing_skus,
    {{ joined_text(
      "case when by_sku.effective_from <> changes.effective_from then changes.sku || ' from '"
      ~ " || cast(by_sku.effective_from as string) || ' instead of ' || cast(changes.effective_from as string) end", ', '
    ) }} as misdated_words,
    {{ joined_text('by_sku.record_ids', ', ') }} as record_ids,
    max(by_sku.first_seen_at) as occurred_at,
    min(by_sku.is_first_known) = 1 as is_first_known
  from changes
  cross join systems
  left join by_sku
    on
      by_sku.system = systems.system
      and by_sku.crm_instance = changes.source_instance
      and by_sku.business_transaction_id = changes.business_transaction_id
      and by_sku.sku = changes.sku
  group by systems.system, changes.source_instance, changes.business_transaction_id
),

ledger as (
  select * from {{ ref('transaction_ledger_leg') }}
),

legs as (
  select
    by_system.source_instance,
    by_system.business_transaction_id,
    by_system.system,
    true as is_needed,
    case
      when by_system.found_count = 0 then 'missing'
      when by_system.system = 'billing' and by_system.missing_count > 0 then 'partly missing'
      when by_system.misdated_count > 0 then 'misdated'
      else 'there'
    end as finding,
    case
      when by_system.found_count = 0 then 'nothing of it is there'
      when by_system.system = 'billing' and by_system.missing_count > 0 then by_system.missing_skus || ' is not there'
      when by_system.misdated_count > 0 then by_system.misdated_words
    end as words,
    case by_system.system when 'billing' then 'subscription_item:' else 'entitlement:' end || by_system.record_ids
      as document,
    by_system.occurred_at,
    coalesce(by_system.is_first_known, true) as is_first_known,
    cast(null as timestamp) as closes_at
  from by_system
  union all
  select
    source_instance,
    business_transaction_id,
    'erp' as system,
    is_needed,
    finding,
    words,
    document,
    occurred_at,
    true as is_first_known,
    closes_at
  from ledger
)

select
  legs.source_instance,
  legs.business_transaction_id,
  signed.contract_id,
  signed.version,
  signed.signed_at,
  signed.currency_code,
  signed.legal_entity_code,
  wanted.effective_from,
  legs.system,
  legs.is_needed,
  legs.finding,
  legs.words,
  legs.document,
  cast(legs.occurred_at as timestamp) as occurred_at,
  legs.is_first_known and coalesce(legs.occurred_at < next_versions.next_signed_at, true) as is_time_known,
  -- without a rule of its own a leg has the window of master data
  cast(
    case
      when legs.system = 'erp' then legs.closes_at
      else
        {{ add_hours('signed.signed_at', 'coalesce(' ~ int_div('policies.allowed_lag_minutes + 59', 60)
          ~ ', parameters.master_data_hours)') }}
    end as timestamp
  ) as due_at,
  policies.model,
  policies.owner_name
from legs
cross join parameters
inner join signed
  on
    signed.source_instance = legs.source_instance
    and signed.business_transaction_id = legs.business_transaction_id
left join next_versions
  on
    next_versions.source_instance = legs.source_instance
    and next_versions.business_transaction_id = legs.business_transaction_id
left join wanted
  on
    wanted.source_instance = legs.source_instance
    and wanted.business_transaction_id = legs.business_transaction_id
left join policies
  on
    policies.source_instance = legs.source_instance
    and policies.business_transaction_id = legs.business_transaction_id
    and policies.follower_system = legs.system
