{#
    A table of which only the partitions are computed again whose inputs changed: a late event of a closed month costs
    that month, not the history.

    config  partition_columns  the columns that name a partition, all of them columns of the model
            fingerprints       the model with one row per partition and its `fingerprint`, a digest of everything in the
                            data that the rows of the partition follow from; the model names it in `depends_on` too
            narrowed           optional, {model, moment, month}: of that model only rows count whose `moment` lies in the
                            partition's `month`; so files without any are not even opened
    The code they follow from is TIEOUT_CODE, a digest of the project that the run sets. Where it is not set, where it
    is another than that of the table, or where there is no table yet, everything is computed.

    The model itself says nothing of this. The partitions to compute are put around it as constants, which the engine
    carries down to its scans. Rows, fingerprints and code change in one transaction, so a kill leaves them as they were.
    Of DuckDB; elsewhere a model is a `table`.
#}
{% materialization by_partition, adapter="duckdb" %}
    {% set target_relation = this.incorporate(type='table') %}
    {% set state = partition_state(target_relation) %}
    {% set wanted = ref(config.require('fingerprints')) %}
    {% set columns = config.require('partition_columns') %}
    {% set code = env_var('TIEOUT_CODE', '') %}
    {% set found = partitions_to_compute(target_relation, state, wanted, columns, code) %}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') -%}
        {% if found.is_whole %}
            {{ drop_what_stands_there(target_relation) }}
            {{ create_table_as(False, target_relation, compiled_code) }}
        {% elif found.partitions %}
            delete from {{ target_relation }} where {{ is_one_of(columns, found.partitions) }};
            insert into {{ target_relation }} by name
            select * from ({{ narrowed(compiled_code, found.partitions) }}) as computed where {{ is_one_of(columns, found.partitions) }};
        {% endif %}
        create schema if not exists {{ state.schema }};
        create or replace table {{ state }} as
        select *, '{{ code }}' as code, {{ found.partitions | length }} as run_computed_partitions from {{ wanted }};
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{# Where the fingerprints of a table's partitions are kept: in a schema that is not published. #}
{% macro partition_state(relation) %}
    {{ return(api.Relation.create(
        database=relation.database, schema='state', identifier=relation.identifier ~ '__partitions', type='table'
    )) }}
{% endmacro %}


{# `is_whole`, or the partitions (rows of texts) that are new, changed or gone. #}
{% macro partitions_to_compute(target_relation, state, wanted, columns, code) %}
    {%- set names = columns | join(', ') -%}
    {%- set all = run_query('select distinct ' ~ texts(columns) ~ ' from ' ~ wanted).rows -%}
    {%- if not code or load_cached_relation(target_relation) is none or not adapter.get_relation(
        state.database, state.schema, state.identifier
    ) -%}
        {{ return({'is_whole': true, 'partitions': all}) }}
    {%- endif -%}
    {%- set other_code = run_query('select count(*) from ' ~ state ~ " where code <> '" ~ code ~ "'").rows[0][0] -%}
    {%- set changed = run_query(
        'select distinct ' ~ texts(columns) ~ ' from ' ~ wanted ~ ' as wanted full join ' ~ state ~ ' as held using ('
        ~ names ~ ') where wanted.fingerprint is distinct from held.fingerprint'
    ).rows -%}
    {{ return({'is_whole': other_code > 0 or changed | length == all | length, 'partitions': changed}) }}
{% endmacro %}


{# The model's SQL, with what it reads of `narrowed.model` bound to the months of the partitions: an engine cannot tell from
   a month that is computed from a moment which moments it needs. #}
{% macro narrowed(sql, partitions) -%}
    {%- set by = config.get('narrowed') -%}
    {%- if not by -%}{{ return(sql) }}{%- endif -%}
    {%- set months = partitions | map(attribute=by.month) | sort -%}
    {%- set relation = ref(by.model) | string -%}
    {%- set bound -%}
        (select * from {{ relation }} where {{ by.moment }} >= timestamp '{{ months | first }}'
        and {{ by.moment }} < timestamp '{{ months | last }}' + interval 1 month)
    {%- endset -%}
    {{ return(sql | replace('from ' ~ relation, 'from ' ~ bound)) }}
{%- endmacro %}


{% macro texts(columns) -%}
    {%- for column in columns %}cast({{ column }} as varchar) as {{ column }}{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}


{# A condition of constants; their types are the columns'. Each column by itself is asked too: that is held against what a
   file says of all its rows, so that files without any are not read. #}
{% macro is_one_of(columns, partitions) -%}
    {%- for name in columns -%}
    {{ name }} in (
        {%- for value in partitions | map(attribute=name) | unique -%}
        '{{ value | replace("'", "''") }}'{{ ', ' if not loop.last }}
        {%- endfor -%}
    ) and {# #}
    {%- endfor -%}
    ({{ columns | join(', ') }}) in (
        {%- for row in partitions %}(
            {%- for value in row.values() %}'{{ value | replace("'", "''") }}'{{ ', ' if not loop.last }}{% endfor -%}
        ){{ ', ' if not loop.last }}{% endfor -%}
    )
{%- endmacro %}


{# The config of what is asked of usage events by source and month. #}
{% macro by_usage_month() %}
    {{ return({
        'materialized': 'by_partition' if target.type == 'duckdb' else 'table',
        'partition_columns': ['source_instance', 'service_month'],
        'fingerprints': 'usage_partition',
        'narrowed': {'model': 'usage_event', 'moment': 'occurred_at', 'month': 'service_month'},
    }) }}
{% endmacro %}


{# The statement that makes room for a relation; empty where none of its name exists. #}
{% macro drop_what_stands_there(relation) %}
    {%- set existing = load_cached_relation(relation) -%}
    {{- return('drop ' ~ existing.type ~ ' if exists ' ~ existing ~ ' cascade;' if existing is not none else '') -}}
{% endmacro %}
