-- One row per product and field (meter, item, price), with a finding where the product is not mapped one to one at
-- every date: which records map it, who holds them (`holder`) and who stands opposite (`counterpart`)?
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

skus as (
  select * from {{ ref('sku') }}
),

links as (
  select * from {{ source('config', 'instance_links') }}
),

-- a newer row of a meter or an item ends an older one that was left open
mapping_rows as (
  select 'meter' as field, source_instance, meter_code as record_id, sku, effective_from, effective_to, updated_at
  from {{ ref('meter') }}
  union all
  select 'item' as field, source_instance, item_code as record_id, sku, effective_from, effective_to, updated_at
  from {{ ref('item') }}
),

spans as (
  select
    mapping_rows.*,
    case mapping_rows.field when 'meter' then 'product' else 'erp' end as holder,
    least(
      coalesce(mapping_rows.effective_to, date '9999-12-31'),
      coalesce(
        lead(mapping_rows.effective_from) over (
          partition by mapping_rows.field, mapping_rows.source_instance, mapping_rows.record_id
          order by mapping_rows.effective_from
        ),
        date '9999-12-31'
      )
    ) as ends_on
  from mapping_rows
),

placed as (
  select
    spans.*,
    skus.source_instance as billing_instance
  from spans
  inner join links on links.source_instance = spans.source_instance and links.domain = 'billing'
  inner join skus on skus.source_instance = links.linked_instance and skus.sku = spans.sku
  where spans.ends_on > spans.effective_from
),

-- two records of one system that map the product on the same day; the later one is the surplus
doubles as (
  select
    earlier.billing_instance as source_instance,
    earlier.sku,
    earlier.field,
    earlier.holder,
    {{ joined_text('earlier.record_id', ', ') }} as earlier_ids,
    {{ joined_text('later.record_id', ', ') }} as later_ids,
    min(greatest(earlier.effective_from, later.effective_from)) as overlaps_from,
    max(greatest(earlier.updated_at, later.updated_at)) as written_at
  from placed as earlier
  inner join placed as later
    on
      later.billing_instance = earlier.billing_instance
      and later.sku = earlier.sku
      and later.field = earlier.field
      and later.source_instance = earlier.source_instance
      and later.effective_from < earlier.ends_on
      and earlier.effective_from < later.ends_on
      and (
        later.effective_from > earlier.effective_from
        or (later.effective_from = earlier.effective_from and later.record_id > earlier.record_id)
      )
      and later.record_id <> earlier.record_id
  cross join parameters
  where greatest(earlier.effective_from, later.effective_from) <= cast(parameters.as_of as date)
  group by earlier.billing_instance, earlier.sku, earlier.field, earlier.holder
),

mapped_now as (
  select distinct placed.billing_instance as source_instance, placed.sku, placed.field
  from placed
  cross join parameters
  where
    placed.effective_from <= cast(parameters.as_of as date)
    and placed.ends_on > cast(parameters.as_of as date)
),

lapsed as (
  select billing_instance as source_instance, sku, field, max(ends_on) as ended_on
  from placed
  group by billing_instance, sku, field
),

priced as (
  select prices.source_instance, prices.sku
  from {{ ref('price') }} as prices
  cross join parameters
  where
    prices.effective_from <= cast(parameters.as_of as date)
    and coalesce(prices.effective_to, date '9999-12-31') > cast(parameters.as_of as date)
  group by prices.source_instance, prices.sku
),

reachable as (
  select distinct source_instance, domain from links where domain in ('product', 'erp')
),

-- what each product needs: usage a meter, everything an item and a price, of the systems that are connected
needs as (
  select skus.source_instance, skus.sku, skus.updated_at, 'meter' as field, 'product' as holder
  from skus
  inner join reachable on reachable.source_instance = skus.source_instance and reachable.domain = 'product'
  where skus.kind = 'usage'
  union all
  select skus.source_instance, skus.sku, skus.updated_at, 'item' as field, 'erp' as holder
  from skus
  inner join reachable on reachable.source_instance = skus.source_instance and reachable.domain = 'erp'
  union all
  select source_instance, sku, updated_at, 'price' as field, 'billing' as holder from skus
),

judged as (
  select
    needs.source_instance,
    needs.sku,
    needs.field,
    needs.holder,
    -- of a price too: nobody but billing keeps a price book
    'billing' as counterpart,
    case
      when doubles.sku is not null then 'twice mapped'
      when coalesce(mapped_now.sku, case when needs.field = 'price' then priced.sku end) is null then 'unmapped'
    end as finding,
    doubles.earlier_ids,
    doubles.later_ids,
    doubles.overlaps_from,
    lapsed.ended_on,
    cast(coalesce(doubles.written_at, needs.updated_at) as timestamp) as written_at
  from needs
  left join doubles
    on
      doubles.source_instance = needs.source_instance and doubles.sku = needs.sku and doubles.field = needs.field
  left join mapped_now
    on
      mapped_now.source_instance = needs.source_instance
      and mapped_now.sku = needs.sku
      and mapped_now.field = needs.field
  left join lapsed
    on lapsed.source_instance = needs.source_instance and lapsed.sku = needs.sku and lapsed.field = needs.field
  left join priced on priced.source_instance = needs.source_instance and priced.sku = needs.sku
),

-- a meter or an item of a product that no linked catalogue has
strays as (
  select
    spans.source_instance,
    spans.sku,
    spans.field,
    spans.holder,
    {{ joined_text('spans.record_id', ', ') }} as record_ids,
    max(spans.updated_at) as written_at
  from spans
  left join placed
    on
      placed.source_instance = spans.source_instance
      and placed.sku = spans.sku
      and placed.field = spans.field
  where placed.sku is null and spans.ends_on > spans.effective_from
  group by spans.source_instance, spans.sku, spans.field, spans.holder
),

described as (
  select
    source_instance, sku, field, holder, counterpart, finding, written_at,
    case
      when finding = 'twice mapped'
        then
          case
            when field = 'meter' then {{ listed('later_ids', 'meter') }}
            else {{ listed('later_ids', 'item') }}
          end
          || {{ by_number('later_ids', ' maps', ' map') }} || ' it beside ' || earlier_ids
          || ' from ' || cast(overlaps_from as {{ dbt.type_string() }})
          || ' on, so '
          || case
            when field = 'meter' then 'its usage may be counted twice' else 'its revenue may be posted to either'
          end
      when finding = 'unmapped' and field = 'price' then 'no price is in force, so it cannot be billed'
      when finding = 'unmapped'
        then
          'no ' || field || ' is in force'
          || coalesce(', the last one ended ' || cast(ended_on as {{ dbt.type_string() }}), '')
          || case field when 'meter' then ', so its usage is never billed' else ', so its invoices cannot be posted' end
    end as words,
    case field when 'meter' then 'meter:' when 'item' then 'item:' else 'price:' end
    || coalesce(earlier_ids || ', ' || later_ids, 'none') as records
  from judged
  union all
  select
    source_instance, sku, field, 'billing' as holder, holder as counterpart, 'unmapped' as finding, written_at,
    case
      when field = 'meter' then {{ listed('record_ids', 'meter') }}
      else {{ listed('record_ids', 'item') }}
    end
    || {{ by_number('record_ids', ' maps', ' map') }} || ' it, and no linked catalogue has such a product' as words,
    case field when 'meter' then 'meter:' else 'item:' end || record_ids as records
  from strays
)

select
  described.source_instance,
  described.sku,
  described.field,
  described.holder,
  described.counterpart,
  described.finding,
  case when described.finding is not null then described.words end as words,
  case when described.finding is not null then described.records end as records,
  cast(described.written_at as date) as compared_on,
  cast({{ add_hours('described.written_at', 'parameters.master_data_hours') }} as timestamp) as due_at
from described
cross join parameters
