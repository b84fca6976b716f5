{#-
  A query in which each use of a reference is looked for where its source is linked to: a row per use that does not
  resolve or cannot be tested (`resolved_count` null), and a row per instance and reference with the number of those
  that resolve (`record_key` null). A reference to a company of the group is looked for in every ERP.

  uses: a relation in the columns of `reference_use`; references: those of `landing_references` that it uses.
-#}
{% macro unresolved_references(uses, references) -%}
{%- set targets_of = {} %}
{%- set of_group = [] %}
{%- set askers = [] %}
{%- set objects = referenced_objects() %}
{%- for reference in references %}
{%- do targets_of.update({reference.asked: reference.targets}) %}
{%- if reference.is_of_group and reference.asked not in of_group %}{% do of_group.append(reference.asked) %}{% endif %}
{%- set asker = (reference.object.split('.')[0], reference.asked) %}
{%- if asker not in askers %}{% do askers.append(asker) %}{% endif %}
{%- endfor -%}
with uses as (
  select * from {{ uses }}
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
    {{ 'true' if objects[target].is_code else 'false' }} as is_code,
    {{ 'true' if targets in of_group else 'false' }} as is_of_group
  {{ 'union all' if not (outer_last and loop.last) }}
  {% endfor %}
  {% endfor %}
),

sources as (
  select * from {{ source('config', 'sources') }}
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
  inner join sources on sources.domain = asked.domain
),

-- where each instance looks for what it asks for
reach as (
  select
    askers.source_instance,
    links.linked_instance,
    target_groups.targets,
    target_groups.target,
    target_groups.is_code
  from askers
  inner join target_groups on target_groups.targets = askers.targets
  inner join {{ source('config', 'instance_links') }} as links
    on links.source_instance = askers.source_instance and links.domain = target_groups.domain
  union
  select
    askers.source_instance,
    others.source_instance as linked_instance,
    target_groups.targets,
    target_groups.target,
    target_groups.is_code
  from askers
  inner join target_groups on target_groups.targets = askers.targets
  inner join sources as others on others.domain = target_groups.domain
  where target_groups.is_of_group
),

object_states as (
  select source_instance, domain || '.' || object as object, state from {{ ref('object_state') }}
),

-- an instance that asks sees the values of the instances that it reaches
seen as (
  select
    reach.source_instance,
    reach.targets,
    reach.is_code,
    holders.value,
    holders.is_rejected,
    reach.linked_instance
  from holders
  inner join reach on reach.linked_instance = holders.source_instance and reach.target = holders.target
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
    askers.source_instance,
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
  from askers
  inner join target_groups on target_groups.targets = askers.targets
  left join reach
    on
      reach.source_instance = askers.source_instance
      and reach.targets = target_groups.targets
      and reach.target = target_groups.target
  left join object_states
    on object_states.source_instance = reach.linked_instance and object_states.object = target_groups.target
  left join unreadable
    on unreadable.source_instance = reach.linked_instance and unreadable.object = target_groups.target
  group by askers.source_instance, target_groups.targets
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
  select
    checked.*,
    several_holders.holder_names,
    case checked.targets
      {% for reference in references %}
      when '{{ reference.asked }}' then '{{ reference.words }}'
      {% endfor %}
    end || ' ' || checked.value || ' (' || checked.column_name || ')' as named
  from checked
  left join several_holders
    on
      several_holders.source_instance = checked.source_instance
      and several_holders.targets = checked.targets
      and several_holders.value = checked.value
  where checked.finding <> 'resolved' and checked.group_reason is null
)

select
  source_instance,
  object,
  column_name,
  record_key,
  legal_entity_code,
  customer_id,
  currency_code,
  amount_minor,
  case
    when finding = 'ambiguous' then 'names ' || named || ', which ' || holder_names || ' all hold'
    else 'names ' || named || ', which no linked source holds'
  end as words,
  case
    when finding = 'rejected' then named || ' was rejected'
    when finding = 'unresolved' then unreadable_reason
  end as untestable,
  -- where only one object could hold it, the missing record has a name: all that point at it are one problem
  case
    when finding = 'unresolved' and split_part(targets, '.', 3) = ''
      then split_part(split_part(targets, '.', 2), ' ', 1) || ':' || value
  end as missing_ref,
  cast(null as bigint) as resolved_count
from dangling

union all

select
  source_instance,
  object,
  column_name,
  cast(null as {{ dbt.type_string() }}) as record_key,
  cast(null as {{ dbt.type_string() }}) as legal_entity_code,
  cast(null as {{ dbt.type_string() }}) as customer_id,
  cast(null as {{ dbt.type_string() }}) as currency_code,
  cast(null as bigint) as amount_minor,
  cast(null as {{ dbt.type_string() }}) as words,
  min(group_reason) as untestable,
  cast(null as {{ dbt.type_string() }}) as missing_ref,
  count(*) filter (where finding = 'resolved') as resolved_count
from checked
group by source_instance, object, column_name
{%- endmacro %}
