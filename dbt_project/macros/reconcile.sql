{#-
  reconcile: turns compared pairs into the contracted shape of `reconciliation_results`.

  How a control is written
  ------------------------
      with left_side as (...), right_side as (...),        -- each aggregated to one row per match key
      compared as (                                        -- full join, evidence beside it, one row per match key
        select ... from left_side full outer join right_side using (...)
      )
      {{ reconcile('compared', code='R14', tolerance='T1', domains=['billing', 'erp']) }}

  `<model>.yml` beside it describes the control in `config.meta` and holds its unit tests. In its meta
      objects      what the control depends on, as domain.object, its own records first; when one fails R38, or was never
                   delivered, the results of the instances that need it become not testable
      evidence     those of `objects` that only tell the cause: the control works without them when they were never delivered
                   (when they fail R38 it does not)

  `compared` is a relation or the name of a CTE with these columns (every one must exist; null where it has nothing to say):
      source_instance        the instance that issues the id in the match key; where it does not resolve, the row's own
      match_key              natural key, parts joined by |, dates ISO
      legal_entity_code, customer_id, currency_code
      period                 the accounting period of its entity, by the entity's own label; with `by_date`, instead of it
      filed_on               the day that decides: the period is the one of the entity's calendar that holds it, and its
                             calendar month where the entity keeps none. A service month lies where its last day lies
      left_value, right_value   minor units for an amount, quantities for a quantity; null = that side has no record
      delta_minor            left less right in minor units; for a quantity control its effect in money at contract terms,
                             null where there are no terms
      delta_quantity         left less right in quantity; null for amount controls
      has_fault              true: a difference the measure cannot show (entity, customer, missing record of amount 0, count);
                             always a break, never tolerated. null = false
      cause_code, failure_class, reason   used when it is a break, in tolerance or timing; blanked where matched
                             (unless `matched_reason`)
      not_testable_reason    filled: not testable, and these are the words. null = testable
      left_ref, right_ref    the records, as `object:key`
      due_at                 TIMESTAMP (UTC) from which a difference is an exception; null = at once
      rounding_components    only for T1: the number of independently rounded components (null = 1)
      tolerance_minor        only for T2, T3, T4: what the control tolerates, in minor units (see `tolerance_t2`, `tolerance_t3`)
      severity               only with `severity=true`: S1 to S4 of this row; null = the control's

  Arguments
      tolerance    T0 exact; T1 one minor unit per rounded component, capped per document (both from config.parameters);
                   T2, T3, T4 `tolerance_minor` of the row
      measure      'amount' compares delta_minor, 'quantity' delta_quantity
      provisional  true: nothing is matched before it is due, because both sides are still growing (months, periods);
                   false (records): an equal pair is matched at once, a different one is timing until it is due
      differs      a boolean over the columns of `compared`: a difference that the measure nets out (net one up, tax one down);
                   it is no match, and tolerated as the measure is
      matched_reason   an expression over the columns of `compared`: what is to be said of a matched row, null for nothing
      by_date      true: `filed_on` of the row instead of `period`
      severity     true: a difference may be graver or lighter than its control (`severity` of the row). The model then has
                   that column beyond the contract, and is named in `control_models_with_severity`
      domains      the systems it needs. When one is not connected the control is one `not_testable` row that names it, and
                   nothing else: comparing with a system that does not exist would report everything as missing

  A delta_minor that does not fit BIGINT is not testable: a mart's amount has 64 bits.
  Status, first that applies: not_testable, timing, matched, in_tolerance, break.
  Admissibility (R38) is not decided here but once, in the mart `reconciliation_results`, where all results are united.
-#}
{% macro reconcile(
  compared, code, tolerance='T0', measure='amount', provisional=false, domains=[], differs='false', matched_reason='null',
  severity=false, by_date=false
) %}
{%- if measure not in ['amount', 'quantity'] %}
  {{ exceptions.raise_compiler_error('reconcile of ' ~ code ~ ": measure is amount or quantity, not '" ~ measure ~ "'") }}
{%- endif %}
{%- if tolerance not in ['T0', 'T1', 'T2', 'T3', 'T4'] %}
  {{ exceptions.raise_compiler_error('reconcile of ' ~ code ~ ": tolerance is T0, T1, T2, T3 or T4, not '" ~ tolerance ~ "'") }}
{%- endif %}
{%- if domains %}
, reconcile__missing as (
  {{ missing_domains(domains) }}
)
{%- endif %}
, reconcile__judged as (
  select
    pairs.*,
    {%- if by_date %}
    {{ period_of('calendar.period', 'pairs.filed_on') }} as period,
    {%- endif %}
    case
      when pairs.not_testable_reason is not null then 'not_testable'
      when not pairs.delta_minor between -9223372036854775807 and 9223372036854775807 then 'not_testable'
      {%- if provisional %}
      when pairs.due_at > parameters.as_of then 'timing'
      {%- endif %}
      when
        {%- if measure == 'quantity' %}
        coalesce(pairs.delta_quantity, 0) = 0
        {%- else %}
        coalesce(pairs.delta_minor, 0) = 0 and not ({{ differs }})
        {%- endif %}
        and not coalesce(pairs.has_fault, false)
        then 'matched'
      {%- if not provisional %}
      when pairs.due_at > parameters.as_of then 'timing'
      {%- endif %}
      {%- if tolerance == 'T1' %}
      when
        not coalesce(pairs.has_fault, false)
        and abs(pairs.delta_minor) <= least(
          greatest(coalesce(pairs.rounding_components, 1), 1) * parameters.rounding_minor_per_component,
          parameters.rounding_minor_per_document
        )
        then 'in_tolerance'
      {%- elif tolerance in ['T2', 'T3', 'T4'] %}
      when not coalesce(pairs.has_fault, false) and abs(pairs.delta_minor) <= coalesce(pairs.tolerance_minor, 0)
        then 'in_tolerance'
      {%- endif %}
      else 'break'
    end as reconcile__status
  from {{ compared }} as pairs
  cross join {{ source('config', 'parameters') }} as parameters
  {%- if domains %}
  cross join reconcile__missing as missing
  {%- endif %}
  {%- if by_date %}
  left join {{ ref('entity_period') }} as calendar
    on
      calendar.source_instance = pairs.source_instance
      and calendar.legal_entity_code = pairs.legal_entity_code
      and pairs.filed_on between calendar.first_date and calendar.last_date
  {%- endif %}
  {%- if domains %}
  where missing.domains is null
  {%- endif %}
)

select
  cast('{{ code }}' as {{ dbt.type_string() }}) as code,
  cast(source_instance as {{ dbt.type_string() }}) as source_instance,
  cast(match_key as {{ dbt.type_string() }}) as match_key,
  cast(legal_entity_code as {{ dbt.type_string() }}) as legal_entity_code,
  cast(customer_id as {{ dbt.type_string() }}) as customer_id,
  cast(currency_code as {{ dbt.type_string() }}) as currency_code,
  cast(period as {{ dbt.type_string() }}) as period,
  cast(left_value as decimal(38, 9)) as left_value,
  cast(right_value as decimal(38, 9)) as right_value,
  {{ fits_bigint('delta_minor') }} as delta_minor,
  cast(delta_quantity as decimal(38, 9)) as delta_quantity,
  cast(reconcile__status as {{ dbt.type_string() }}) as status,
  cast(case when reconcile__status in ('break', 'in_tolerance', 'timing') then cause_code end as {{ dbt.type_string() }})
    as cause_code,
  cast(case when reconcile__status = 'break' then failure_class end as {{ dbt.type_string() }}) as failure_class,
  cast(
    case reconcile__status
      when 'not_testable'
        then coalesce(not_testable_reason, 'Not tested: the two sides differ by more than an amount can hold')
      when 'matched' then {{ matched_reason }}
      when 'timing' then
        'Not due before ' || cast(due_at as {{ dbt.type_string() }}) || ' UTC: '
        || coalesce(reason, 'the two sides may still change')
      else coalesce(reason, 'The two sides differ: ' || coalesce(left_ref, 'nothing') || ' and ' || coalesce(right_ref, 'nothing'))
    end as {{ dbt.type_string() }}
  ) as reason,
  cast(left_ref as {{ dbt.type_string() }}) as left_ref,
  cast(right_ref as {{ dbt.type_string() }}) as right_ref,
  cast(due_at as timestamp) as due_at
  {%- if severity %},
  cast(case when reconcile__status in ('break', 'in_tolerance', 'timing') then severity end as {{ dbt.type_string() }})
    as severity
  {%- endif %}
from reconcile__judged
{%- if domains %}

union all

{{ not_connected_rows(code, severity) }}
{%- endif %}
{% endmacro %}


{#- The control models whose rows state a severity of their own (`severity=true` of `reconcile`). -#}
{% macro control_models_with_severity() -%}
  {{ return(['r09_contract_to_subscription', 'r36_customer_drift', 'r37_catalogue_drift']) }}
{%- endmacro %}


{#- The larger of two amounts without its sign, as a whole number: DuckDB would divide a decimal as a float. -#}
{% macro larger_side(left_minor, right_minor) -%}
  cast(greatest(abs(coalesce({{ left_minor }}, 0)), abs(coalesce({{ right_minor }}, 0))) as {{ whole() }})
{%- endmacro %}


{#- T2: the greater of 1.00 of the currency and 0.1 % of the larger side, in minor units (a query fragment). -#}
{% macro tolerance_t2(left_minor, right_minor, exponent) -%}
  greatest(
    {{ ten_to_the(exponent) }},
    {{ int_div(larger_side(left_minor, right_minor), 1000) }}
  )
{%- endmacro %}


{#- T3 of an amount: 0.01 % of the larger side, in minor units. -#}
{% macro tolerance_t3(left_minor, right_minor) -%}
  {{ int_div(larger_side(left_minor, right_minor), 10000) }}
{%- endmacro %}


{#- A query, one row: the domains of the list that no configured source has, joined; null when all are connected. -#}
{% macro missing_domains(domains) -%}
  select {{ joined_text('needed.domain') }} as domains
  from (values ('{{ domains | join("'), ('") }}')) as needed (domain)
  left join {{ source('config', 'sources') }} as connected on connected.domain = needed.domain
  where connected.domain is null
{%- endmacro %}


{#-
  A query in the order of the results: one not testable row when `reconcile__missing` names a system, else none.
  Its match key names the missing systems; its instance is the first connected one.
-#}
{% macro not_connected_rows(code, severity=false) -%}
  select
    '{{ code }}' as code,
    (select min(source_instance) from {{ source('config', 'sources') }}) as source_instance,
    'not connected|' || domains as match_key,
    cast(null as {{ dbt.type_string() }}) as legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    cast(null as {{ dbt.type_string() }}) as period,
    cast(null as decimal(38, 9)) as left_value,
    cast(null as decimal(38, 9)) as right_value,
    cast(null as bigint) as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    'not_testable' as status,
    cast(null as {{ dbt.type_string() }}) as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    'Not tested: no source of domain ' || domains || ' is connected; connect it under sources: in tieout.yml' as reason,
    cast(null as {{ dbt.type_string() }}) as left_ref,
    cast(null as {{ dbt.type_string() }}) as right_ref,
    cast(null as timestamp) as due_at
    {%- if severity %},
    cast(null as {{ dbt.type_string() }}) as severity
    {%- endif %}
  from reconcile__missing
  where domains is not null
{%- endmacro %}


{#- Aggregate: the distinct values of a text column in ascending order, joined; null when there is none. -#}
{% macro joined_text(column, separator=', ') %}{{ return(adapter.dispatch('joined_text')(column, separator)) }}{% endmacro %}

{% macro default__joined_text(column, separator) -%}
  string_agg(distinct {{ column }}, '{{ separator }}' order by {{ column }})
{%- endmacro %}

{% macro spark__joined_text(column, separator) -%}
  nullif(array_join(array_sort(collect_set({{ column }})), '{{ separator }}'), '')
{%- endmacro %}

{#-
  A reason without the file and line or row that it begins with: results must not depend on the files in which rows came.
  landed.quarantine keeps the place.
-#}
{% macro without_place(reason) -%}
  case
    {%- for place in [', line ', ', row '] %}
    when instr({{ reason }}, '{{ place }}') > 0 and instr({{ reason }}, ': ') > instr({{ reason }}, '{{ place }}')
      then substr({{ reason }}, instr({{ reason }}, ': ') + 2)
    {%- endfor %}
    else {{ reason }}
  end
{%- endmacro %}


{#-
  Whether a dead letter of landed.quarantine still stands in the way; one that a replay rescued, or that the source has
  mended, is history. Nothing was tried since on a row without a state.
-#}
{% macro is_waiting(state='state') -%}
  coalesce({{ state }}, 'open') in ('open', 'refused_again')
{%- endmacro %}


{#-
  A query: rejected rows of one object with named fields of the row by the contract's names, so that the results of their
  keys become not testable. Columns: source_instance, key_text, reason and each field (text, null where it cannot be
  read).
-#}
{% macro quarantined_rows(domain, object, fields) -%}
  select
    source_instance,
    key_text,
    {{ without_place('reason') }} as reason
    {%- for field in fields %},
    {{ json_text('coalesce(fields, payload)', field) }} as {{ field }}
    {%- endfor %}
  from {{ source('landed', 'quarantine') }}
  where domain = '{{ domain }}' and object = '{{ object }}' and row_number is not null and {{ is_waiting() }}
{%- endmacro %}


{#- Text of a top-level field of a JSON text; null when absent, empty or when the text is no JSON. -#}
{% macro json_text(json, field) %}{{ return(adapter.dispatch('json_text')(json, field)) }}{% endmacro %}

{% macro default__json_text(json, field) -%}
  nullif(case when json_valid({{ json }}) then json_extract_string({{ json }}, '$."{{ field }}"') end, '')
{%- endmacro %}

{% macro spark__json_text(json, field) -%}
  nullif(get_json_object({{ json }}, '$[''{{ field }}'']'), '')
{%- endmacro %}


{#- The same, of a field whose name is an expression. -#}
{% macro json_text_of(json, field) %}{{ return(adapter.dispatch('json_text_of')(json, field)) }}{% endmacro %}

{% macro default__json_text_of(json, field) -%}
  nullif(case when json_valid({{ json }}) then json_extract_string({{ json }}, '$."' || {{ field }} || '"') end, '')
{%- endmacro %}

{% macro spark__json_text_of(json, field) -%}
  nullif(get_json_object({{ json }}, '$[''' || {{ field }} || ''']'), '')
{%- endmacro %}
