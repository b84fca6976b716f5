-- One row per control, source instance and legal entity whose results must not be trusted: which object is at fault? A
-- result depends on its own instance and on those its references may resolve in; of several ERPs, on the one that keeps
-- the entity's books, so that a truncated file of one ERP leaves the entities of the other alone.
{% set needs = [] %}
{% for control in control_catalogue() %}
{% for object in control.objects or [] %}
{% set parts = object.split('.') %}
{% set is_evidence = object in (control.get('evidence') or []) %}
{% do needs.append((control.code, parts | first, parts | last, is_evidence, loop.first)) %}
{% endfor %}
{% endfor %}
with needs as (
  {% for code, domain, object, is_evidence, is_subject in needs %}
  select
    '{{ code }}' as code,
    '{{ domain }}' as domain,
    '{{ object }}' as object,
    {{ is_evidence | lower }} as is_evidence,
    {{ is_subject | lower }} as is_subject
  {% if not loop.last %}union all{% endif %}
  {% else %}
  select '' as code, '' as domain, '' as object, false as is_evidence, false as is_subject
  {% endfor %}
),

{% set control_results %}
{% for model in control_models() %}
  select distinct code, source_instance, legal_entity_code from {{ ref(model) }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
{% endset %}
-- a control whose own records never arrived has no result that could say so: it has a scope none the less
scopes as (
  {{ control_results }}
  union
  select needs.code, sources.source_instance, cast(null as {{ dbt.type_string() }}) as legal_entity_code
  from needs
  inner join {{ source('config', 'sources') }} as sources on sources.domain = needs.domain
  where needs.is_subject
),

links as (
  select * from {{ source('config', 'instance_links') }}
),

books as (
  select source_instance, legal_entity_code from {{ ref('legal_entity') }}
),

reached as (
  select
    scopes.code,
    scopes.source_instance,
    scopes.legal_entity_code,
    needs.domain,
    needs.object,
    needs.is_evidence,
    links.linked_instance,
    books.legal_entity_code is not null as keeps_books,
    max(case when books.legal_entity_code is not null then 1 else 0 end) over (
      partition by scopes.code, scopes.source_instance, scopes.legal_entity_code, needs.domain, needs.object
    ) as has_bookkeeper
  from scopes
  inner join needs on needs.code = scopes.code
  inner join links on links.source_instance = scopes.source_instance and links.domain = needs.domain
  left join books
    on
      needs.domain = 'erp'
      and books.source_instance = links.linked_instance
      and books.legal_entity_code = scopes.legal_entity_code
),

states as (
  select
    reached.code,
    reached.source_instance,
    reached.legal_entity_code,
    reached.domain,
    reached.object,
    max(case when object_states.state = 'inadmissible' then 1 else 0 end) as is_inadmissible,
    min(case when object_states.state = 'absent' and not reached.is_evidence then 1 else 0 end) as is_absent,
    {{ joined_text("case when object_states.state <> 'available' then object_states.source_instance end", ', ') }}
      as instances
  from reached
  inner join {{ ref('object_state') }} as object_states
    on object_states.source_instance = reached.linked_instance and object_states.object = reached.object
  where reached.keeps_books or reached.has_bookkeeper = 0
  group by reached.code, reached.source_instance, reached.legal_entity_code, reached.domain, reached.object
)

select
  code,
  source_instance,
  legal_entity_code,
  'Not tested: '
  || coalesce(
    'failed the source health control (R38): '
    || {{ joined_text("case when is_inadmissible = 1 then object || ' of ' || instances end") }}
    || ': mend the source; ',
    ''
  )
  || coalesce(
    'never delivered: ' || {{ joined_text("case when is_inadmissible = 0 then object || ' of ' || instances end") }}
    || ': deliver the object, with a header alone where there are no rows; ',
    ''
  )
  || 'then run again' as reason
from states
where is_inadmissible = 1 or is_absent = 1
group by code, source_instance, legal_entity_code
