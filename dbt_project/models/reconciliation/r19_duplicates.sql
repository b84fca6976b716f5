-- One row per record that is there once too often, and one per instance and object with the count of those that are
-- there once: events, invoices, postings, receipts, customers, and every key that arrived with two contents.
with surplus as (
  select * from {{ ref('surplus_record') }}
),

-- needs: whose records tell what is surplus; without the first there is nothing to ask about
parts as (
  select 'product.usage_events' as object, 'product' as domain, 'product' as need_domain, 'usage_events' as need
  union all
  select 'billing.invoices' as object, 'billing' as domain, 'billing' as need_domain, 'invoices' as need
  union all
  select 'billing.invoices' as object, 'billing' as domain, 'billing' as need_domain, 'invoice_lines' as need
  union all
  select 'billing.customers' as object, 'billing' as domain, 'billing' as need_domain, 'customers' as need
  union all
  select 'erp.ar_documents' as object, 'erp' as domain, 'erp' as need_domain, 'ar_documents' as need
  union all
  select 'erp.ar_documents' as object, 'erp' as domain, 'billing' as need_domain, 'invoices' as need
  union all
  select 'erp.cash_receipts' as object, 'erp' as domain, 'erp' as need_domain, 'cash_receipts' as need
  union all
  select 'erp.cash_receipts' as object, 'erp' as domain, 'billing' as need_domain, 'payments' as need
),

asked as (
  select distinct object, domain from parts
),

sources as (
  select source_instance, domain from {{ source('config', 'sources') }}
),

needed as (
  select
    sources.source_instance,
    parts.object,
    parts.need_domain,
    parts.need,
    count(object_states.object) as object_count,
    max(case when object_states.state = 'available' then 1 else 0 end) as has_available,
    {{ joined_text("case when object_states.state = 'inadmissible' then object_states.source_instance end", ', ') }}
      as inadmissible_instances
  from sources
  inner join parts on parts.domain = sources.domain
  left join {{ source('config', 'instance_links') }} as links
    on links.source_instance = sources.source_instance and links.domain = parts.need_domain
  left join {{ ref('object_state') }} as object_states
    on
      object_states.source_instance = links.linked_instance
      and object_states.domain = parts.need_domain
      and object_states.object = parts.need
  group by sources.source_instance, parts.object, parts.need_domain, parts.need
),

-- the other objects are asked only for keys that arrived twice
untestable_parts as (
  select
    source_instance,
    object,
    min(
      case
        when object_count = 0 then 'no source of domain ' || need_domain || ' is connected'
        when inadmissible_instances is not null
          then
            need_domain || '.' || need || ' of ' || inadmissible_instances
            || ' failed the source health control (R38)'
        else need_domain || '.' || need || ' was never delivered'
      end
    ) as reason
  from needed
  where object_count = 0 or inadmissible_instances is not null or has_available = 0
  group by source_instance, object
  union all
  select
    source_instance, domain || '.' || object as object,
    domain || '.' || object || ' of ' || source_instance || ' failed the source health control (R38)' as reason
  from {{ ref('object_state') }}
  where
    state = 'inadmissible'
    and domain || '.' || object not in (select asked.object from asked)
),

populations as (
  select source_instance, 'product.usage_events' as object, sum(event_count) as record_count
  from {{ ref('usage_day') }}
  group by source_instance
  union all
  select source_instance, 'billing.invoices' as object, count(*) as record_count
  from {{ ref('invoice') }}
  where is_live
  group by source_instance
  union all
  select source_instance, 'billing.customers' as object, count(*) as record_count
  from {{ ref('billing_customer') }}
  group by source_instance
  union all
  select source_instance, 'erp.ar_documents' as object, count(*) as record_count
  from {{ ref('ar_document') }}
  group by source_instance
  union all
  select source_instance, 'erp.cash_receipts' as object, count(*) as record_count
  from {{ ref('cash_receipt') }}
  group by source_instance
),

-- one record can be found twice: a copy with other content of a customer set up twice
found as (
  select
    surplus.source_instance,
    surplus.object,
    surplus.key,
    min(surplus.cause_code) as cause_code,
    min(surplus.legal_entity_code) as legal_entity_code,
    min(surplus.customer_id) as customer_id,
    min(surplus.currency_code) as currency_code,
    max(surplus.amount_minor) as amount_minor,
    max(surplus.quantity) as quantity,
    min(surplus.period) as period,
    {{ joined_text('surplus.words', '; ') }} as words,
    min(surplus.original_ref) as original_ref
  from surplus
  left join untestable_parts
    on untestable_parts.source_instance = surplus.source_instance and untestable_parts.object = surplus.object
  where untestable_parts.object is null
  group by surplus.source_instance, surplus.object, surplus.key
),

surplus_counts as (
  select source_instance, object, count(*) as surplus_count
  from found
  group by source_instance, object
),

-- a record that was rejected may be a copy of another
rejected as (
  select distinct
    records.source_instance,
    records.domain || '.' || records.object as object,
    records.key_text as key,
    first_value(records.reason) over (
      partition by records.source_instance, records.domain, records.object, records.key_text order by records.reason
    ) as reason
  from {{ ref('untestable_record') }} as records
  inner join asked on asked.object = records.domain || '.' || records.object
  where records.key_text is not null
),

compared as (
  select
    source_instance,
    split_part(object, '.', 2) || '|' || key as match_key,
    legal_entity_code,
    customer_id,
    currency_code,
    period,
    0 as left_value,
    coalesce(cast(amount_minor as decimal(38, 9)), quantity, 1) as right_value,
    -amount_minor as delta_minor,
    -quantity as delta_quantity,
    true as has_fault,
    cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    case object
      when 'product.usage_events' then 'Usage event '
      when 'billing.invoices' then 'Invoice '
      when 'billing.customers' then 'Customer '
      when 'erp.ar_documents' then 'Document '
      when 'erp.cash_receipts' then 'Receipt '
      else 'Record of ' || object || ' '
    end || key || ' ' || words as reason,
    cast(null as {{ dbt.type_string() }}) as not_testable_reason,
    original_ref as left_ref,
    split_part(object, '.', 2) || ':' || key as right_ref,
    cast(null as timestamp) as due_at
  from found

  union all

  select
    rejected.source_instance,
    split_part(rejected.object, '.', 2) || '|' || rejected.key as match_key,
    cast(null as {{ dbt.type_string() }}) as legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    cast(null as {{ dbt.type_string() }}) as period,
    cast(null as decimal(38, 9)) as left_value,
    cast(null as decimal(38, 9)) as right_value,
    cast(null as bigint) as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    false as has_fault,
    cast(null as {{ dbt.type_string() }}) as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    cast(null as {{ dbt.type_string() }}) as reason,
    'Not tested: record ' || rejected.key || ' of ' || rejected.object || ' ' || rejected.reason as not_testable_reason,
    split_part(rejected.object, '.', 2) || ':' || rejected.key as left_ref,
    cast(null as {{ dbt.type_string() }}) as right_ref,
    cast(null as timestamp) as due_at
  from rejected
  left join found
    on
      found.source_instance = rejected.source_instance
      and found.object = rejected.object
      and found.key = rejected.key
  where found.key is null

  union all

  select
    sources.source_instance,
    split_part(asked.object, '.', 2) || '|single records' as match_key,
    cast(null as {{ dbt.type_string() }}) as legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    cast(null as {{ dbt.type_string() }}) as period,
    coalesce(populations.record_count, 0) - coalesce(surplus_counts.surplus_count, 0) as left_value,
    coalesce(populations.record_count, 0) - coalesce(surplus_counts.surplus_count, 0) as right_value,
    cast(null as bigint) as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    false as has_fault,
    cast(null as {{ dbt.type_string() }}) as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    cast(null as {{ dbt.type_string() }}) as reason,
    'Not tested: ' || untestable_parts.reason as not_testable_reason,
    asked.object as left_ref,
    cast(null as {{ dbt.type_string() }}) as right_ref,
    cast(null as timestamp) as due_at
  from sources
  inner join asked on asked.domain = sources.domain
  left join populations
    on populations.source_instance = sources.source_instance and populations.object = asked.object
  left join surplus_counts
    on surplus_counts.source_instance = sources.source_instance and surplus_counts.object = asked.object
  left join untestable_parts
    on untestable_parts.source_instance = sources.source_instance and untestable_parts.object = asked.object
)
{{ reconcile('compared', code='R19', tolerance='T0') }}
