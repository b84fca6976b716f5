-- One row per record that names something which is not there, or lacks what must stand behind it; and one per instance
-- and reference with the count of those that resolve. A reference resolves within the instances that its source is
-- linked to; one to a company of the group in any ERP.
{% set targets_of = {} %}
{% set of_group = [] %}
{% set askers = [] %}
{% for reference in landing_references() %}
{% do targets_of.update({reference.asked: reference.targets}) %}
{% if reference.is_of_group and reference.asked not in of_group %}{% do of_group.append(reference.asked) %}{% endif %}
{% set asker = (reference.object.split('.')[0], reference.asked) %}
{% if asker not in askers %}{% do askers.append(asker) %}{% endif %}
{% endfor %}
with uses as (
  select * from {{ ref('reference_use') }}
),

holders as (
  select * from {{ ref('reference_holder') }}
),

target_groups as (
  {% for targets, listed in targets_of.items() %}
  {% set outer_last = loop.last %}
  {% for target in listed %}
  select
    '{{ targets }}' as targets,
    '{{ target }}' as target,
    '{{ target.split('.')[0] }}' as domain,
    '{{ target.split('.')[1] }}' as object,
    {{ 'true' if referenced_objects()[target].is_code else 'false' }} as is_code,
    {{ 'true' if targets in of_group else 'false' }} as is_of_group
  {{ 'union all' if not (outer_last and loop.last) }}
  {% endfor %}
  {% endfor %}
),

links as (
  select * from {{ source('config', 'instance_links') }}
),

-- who asks for what: without it every instance would look at every value of those it is linked to
askers as (
  select
    sources.source_instance,
    asked.targets
  from (
    {% for domain, targets in askers %}
    select '{{ domain }}' as domain, '{{ targets }}' as targets
    {{ 'union all' if not loop.last }}
    {% endfor %}
  ) as asked
  inner join {{ source('config', 'sources') }} as sources on sources.domain = asked.domain
),

-- where each instance looks for what it asks for
reach as (
  select
    links.source_instance,
    links.linked_instance,
    target_groups.targets,
    target_groups.target
  from links
  inner join target_groups on target_groups.domain = links.domain
  union
  select
    sources.source_instance,
    others.source_instance as linked_instance,
    target_groups.targets,
    target_groups.target
  from target_groups
  inner join {{ source('config', 'sources') }} as sources on sources.domain = target_groups.domain
  inner join {{ source('config', 'sources') }} as others on others.domain = target_groups.domain
  where target_groups.is_of_group
),

object_states as (
  select source_instance, domain, domain || '.' || object as object, state from {{ ref('object_state') }}
),

-- an instance that asks sees the values of the instances that it reaches
seen as (
  select
    reach.source_instance,
    target_groups.targets,
    target_groups.is_code,
    holders.value,
    holders.is_rejected,
    reach.linked_instance
  from holders
  inner join target_groups on target_groups.target = holders.target
  inner join reach
    on
      reach.linked_instance = holders.source_instance
      and reach.targets = target_groups.targets
      and reach.target = target_groups.target
  inner join askers on askers.source_instance = reach.source_instance and askers.targets = target_groups.targets
),

-- nearly every value has one holder: names are collected below, of the few that have several
resolutions as (
  select
    source_instance,
    targets,
    value,
    min(linked_instance) <> max(linked_instance) as has_several_holders,
    min(case when is_rejected then 1 else 0 end) = 1 as is_rejected,
    max(case when is_code then 1 else 0 end) = 1 as is_code
  from seen
  group by source_instance, targets, value
),

several_holders as (
  select
    seen.source_instance,
    seen.targets,
    seen.value,
    {{ joined_text('seen.linked_instance', ', ') }} as holder_names
  from seen
  inner join resolutions
    on
      resolutions.source_instance = seen.source_instance
      and resolutions.targets = seen.targets
      and resolutions.value = seen.value
  where resolutions.has_several_holders and not resolutions.is_code
  group by seen.source_instance, seen.targets, seen.value
),

-- a record whose key cannot be read may be the one that is named
unreadable as (
  select distinct source_instance, domain || '.' || object as object
  from {{ ref('untestable_record') }}
  where key_text is null
),

reachable as (
  select
    sources.source_instance,
    target_groups.targets,
    count(object_states.object) as object_count,
    max(case when object_states.state = 'inadmissible' then 1 else 0 end) as has_inadmissible,
    max(case when object_states.state = 'available' then 1 else 0 end) as has_available,
    {{ joined_text(
      "case when object_states.state <> 'available'"
      ~ " then object_states.object || ' of ' || object_states.source_instance end",
      ', '
    ) }} as unusable,
    {{ joined_text('unreadable.object', ', ') }} as unreadable_objects,
    min(target_groups.domain) as domain
  from {{ source('config', 'sources') }} as sources
  cross join target_groups
  left join reach
    on
      reach.source_instance = sources.source_instance
      and reach.targets = target_groups.targets
      and reach.target = target_groups.target
  left join object_states
    on object_states.source_instance = reach.linked_instance and object_states.object = target_groups.target
  left join unreadable
    on unreadable.source_instance = reach.linked_instance and unreadable.object = target_groups.target
  group by sources.source_instance, target_groups.targets
),

untestable_groups as (
  select
    source_instance,
    targets,
    case
      when object_count = 0 then 'no source of domain ' || domain || ' is connected to resolve ' || targets
      when has_inadmissible = 1 then unusable || ' failed the source health control (R38)'
      when has_available = 0 then unusable || ' was never delivered'
      else unreadable_objects || ' has rows whose keys cannot be read'
    end as reason,
    object_count = 0 or has_inadmissible = 1 or has_available = 0 as is_for_all
  from reachable
  where object_count = 0 or has_inadmissible = 1 or has_available = 0 or unreadable_objects is not null
),

inadmissible_children as (
  select
    source_instance,
    object,
    object || ' of ' || source_instance || ' failed the source health control (R38)' as reason
  from object_states
  where state = 'inadmissible'
),

checked as (
  select
    uses.*,
    coalesce(inadmissible_children.reason, case when untestable_groups.is_for_all then untestable_groups.reason end)
      as group_reason,
    case
      when resolutions.value is null then 'unresolved'
      when resolutions.has_several_holders and not resolutions.is_code then 'ambiguous'
      when resolutions.is_rejected then 'rejected'
      else 'resolved'
    end as finding,
    untestable_groups.reason as unreadable_reason
  from uses
  left join resolutions
    on
      resolutions.source_instance = uses.source_instance
      and resolutions.targets = uses.targets
      and resolutions.value = uses.value
  left join untestable_groups
    on untestable_groups.source_instance = uses.source_instance and untestable_groups.targets = uses.targets
  left join inadmissible_children
    on inadmissible_children.source_instance = uses.source_instance and inadmissible_children.object = uses.object
),

dangling as (
  select * from checked where finding <> 'resolved' and group_reason is null
),

-- few groups dangle: they go through the events of their months, not all events into a join
dangling_groups as (
  select distinct
    dangling.source_instance,
    dangling.event_group,
    names.service_month
  from dangling
  inner join {{ ref('usage_name') }} as names
    on
      names.source_instance = dangling.source_instance
      and names.tenant_id || '|' || names.subscription_id || '|' || names.meter_code = dangling.event_group
),

dangling_events as (
  select
    dangling_groups.source_instance,
    dangling_groups.event_group,
    events.event_id
  from {{ ref('usage_event') }} as events
  inner join dangling_groups
    on
      dangling_groups.source_instance = events.source_instance
      and dangling_groups.event_group = events.tenant_id || '|' || events.subscription_id || '|' || events.meter_code
      and events.occurred_at >= dangling_groups.service_month
      and events.occurred_at < {{ add_months('dangling_groups.service_month', 1) }}
),

-- each event of a group that names something unknown is a case of its own
dangling_records as (
  select
    dangling.*,
    coalesce(events.event_id, dangling.record_key) as key,
    several_holders.holder_names
  from dangling
  left join several_holders
    on
      several_holders.source_instance = dangling.source_instance
      and several_holders.targets = dangling.targets
      and several_holders.value = dangling.value
  left join dangling_events as events
    on events.source_instance = dangling.source_instance and events.event_group = dangling.event_group
),

-- the ERP names its own customers; whose account in billing a document or receipt is of
erp_customers as (
  select source_instance, erp_customer_id, billing_customer_id from {{ ref('erp_customer') }}
),

erp_records as (
  select source_instance, 'erp.ar_documents' as object, document_id as key, erp_customer_id
  from {{ ref('ar_document') }}
  union all
  select source_instance, 'erp.cash_receipts' as object, receipt_id as key, erp_customer_id
  from {{ ref('cash_receipt') }}
),

lost as (
  select distinct source_instance, domain || '.' || object as object
  from {{ ref('untestable_record') }}
),

findings as (
  select
    source_instance, object, key, legal_entity_code, customer_id, currency_code, amount_minor,
    case finding
      when 'ambiguous'
        then 'names ' || column_name || ' ' || value || ', which ' || holder_names || ' all hold in ' || targets
      else 'names ' || column_name || ' ' || value || ', which no linked instance holds in ' || targets
    end as words,
    case
      when finding = 'rejected' then column_name || ' ' || value || ' in ' || targets || ' was rejected'
      when finding = 'unresolved' then unreadable_reason
    end as untestable,
    -- where only one object could hold it, the missing record has a name: all that point at it are one problem
    case
      when finding = 'unresolved' and split_part(targets, '.', 3) = ''
        then split_part(split_part(targets, '.', 2), ' ', 1) || ':' || value
    end as missing_ref
  from dangling_records
  union all
  select
    children.source_instance, children.object, children.record_key as key, children.legal_entity_code,
    children.customer_id, children.currency_code, children.amount_minor, children.words,
    case
      when children.untestable is not null then children.untestable
      when coalesce(needed.state, 'absent') <> 'available'
        then
          children.needs || case needed.state
            when 'inadmissible' then ' failed the source health control (R38)'
            else ' was never delivered'
          end
      when lost.object is not null then 'rows of ' || children.needs || ' were rejected, which may be the missing ones'
    end as untestable,
    cast(null as {{ dbt.type_string() }}) as missing_ref
  from {{ ref('missing_child') }} as children
  left join object_states as needed
    on needed.source_instance = children.source_instance and needed.object = children.needs
  left join lost
    on
      lost.source_instance = children.source_instance
      and lost.object = children.needs
      and children.needs <> children.object
  left join inadmissible_children
    on
      inadmissible_children.source_instance = children.source_instance
      and inadmissible_children.object = children.object
  where inadmissible_children.object is null
),

orphans as (
  select
    findings.source_instance,
    findings.object,
    findings.key,
    min(findings.legal_entity_code) as legal_entity_code,
    min(coalesce(findings.customer_id, erp_customers.billing_customer_id)) as customer_id,
    min(findings.currency_code) as currency_code,
    max(findings.amount_minor) as amount_minor,
    {{ joined_text('case when findings.untestable is null then findings.words end', '; ') }} as words,
    {{ joined_text('findings.untestable', '; ') }} as untestable,
    min(findings.missing_ref) as missing_ref
  from findings
  left join erp_records
    on
      erp_records.source_instance = findings.source_instance
      and erp_records.object = findings.object
      and erp_records.key = findings.key
  left join erp_customers
    on
      erp_customers.source_instance = erp_records.source_instance
      and erp_customers.erp_customer_id = erp_records.erp_customer_id
  group by findings.source_instance, findings.object, findings.key
),

counted as (
  select
    source_instance,
    object,
    column_name,
    min(group_reason) as untestable,
    count(*) filter (where finding = 'resolved') as resolved_count
  from checked
  group by source_instance, object, column_name
),

compared as (
  select
    source_instance,
    split_part(object, '.', 2) || '|' || key as match_key,
    legal_entity_code,
    customer_id,
    currency_code,
    cast(null as {{ dbt.type_string() }}) as period,
    coalesce(amount_minor, 1) as left_value,
    0 as right_value,
    amount_minor as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    true as has_fault,
    case when object like 'erp.%' then 'C06' else 'B12' end as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    'Record ' || key || ' of ' || object
    || case
      when amount_minor is not null then ' over ' || {{ money_words('amount_minor', 'currency_code') }}
      else ''
    end
    || ' ' || words as reason,
    case when words is null then 'Not tested: ' || untestable end as not_testable_reason,
    split_part(object, '.', 2) || ':' || key as left_ref,
    missing_ref as right_ref,
    cast(null as timestamp) as due_at
  from orphans

  union all

  select
    source_instance,
    split_part(object, '.', 2) || '|' || column_name as match_key,
    cast(null as {{ dbt.type_string() }}) as legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    cast(null as {{ dbt.type_string() }}) as period,
    resolved_count as left_value,
    resolved_count as right_value,
    cast(null as bigint) as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    false as has_fault,
    cast(null as {{ dbt.type_string() }}) as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    cast(null as {{ dbt.type_string() }}) as reason,
    'Not tested: ' || untestable as not_testable_reason,
    object || '.' || column_name as left_ref,
    cast(null as {{ dbt.type_string() }}) as right_ref,
    cast(null as timestamp) as due_at
  from counted
)
{{ reconcile('compared', code='R20', tolerance='T0') }}
