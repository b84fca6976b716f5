{#
    Tables and views of the DuckDB target, each put in its place by one statement within one transaction.

    The adapter's own build a second relation beside the first, rename both and drop the old: five statements and two
    more contexts per model, a tenth of the time of a reconciliation. DuckDB's data definition is transactional, so
    dropping and creating in one transaction leaves the former relation whole where the new one cannot be made.
    No model has an index, a foreign key, a grant or a persisted comment, which is what the detour is for.
    A contract is held against the table that was built, within its transaction: asking for the columns of the query
    first plans it twice.
#}
{% materialization table, adapter="duckdb", supported_languages=['sql', 'python'] %}
    {% set language = model['language'] %}
    {% set target_relation = this.incorporate(type='table') %}
    {% set make_room = drop_what_stands_there(target_relation) %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% if language == 'sql' %}
        {% call statement('main', fetch_result=True) -%}
            {{ make_room }} create table {{ target_relation }} as (
            {{ compiled_code }}
            );
            describe {{ target_relation }};
        {%- endcall %}
        {{ refuse_other_columns(load_result('main').table) }}
    {% else %}
        {# A Python model writes through a connection of its own, which must not meet a table dropped in this one. #}
        {% set built_relation = make_intermediate_relation(target_relation) %}
        {{ drop_relation_if_exists(load_cached_relation(built_relation)) }}
        {% call statement('main', language=language) -%}
            {{ create_table_as(False, built_relation, compiled_code, language) }}
        {%- endcall %}
        {% call statement('replace') -%}
            {{ make_room }} alter table {{ built_relation }} rename to {{ adapter.quote(target_relation.identifier) }};
        {%- endcall %}
    {% endif %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{% materialization view, adapter="duckdb" %}
    {% set target_relation = this.incorporate(type='view') %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') -%}
        {{ drop_what_stands_there(target_relation) }}
        {{ get_create_view_as_sql(target_relation, sql) }}
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{#
    Raises dbt's contract error unless `built`, the description of a table, has the columns and types that the model's
    contract states. Whether two names of a type are one is left to dbt, which asks the engine.
#}
{% macro refuse_other_columns(built) %}
    {%- if config.get('contract').enforced -%}
        {%- set stated = [] -%}
        {%- for column in model['columns'].values() -%}
            {%- do stated.append((column.name, 'VARCHAR' if column.data_type == 'string' else column.data_type | upper)) -%}
        {%- endfor -%}
        {%- set found = [] -%}
        {%- for row in built.rows -%}{%- do found.append((row[0], row[1])) -%}{%- endfor -%}
        {%- if found != stated -%}{{ get_assert_columns_equivalent(compiled_code) }}{%- endif -%}
    {%- endif -%}
{% endmacro %}


{# The statement that makes room for a relation; empty where none of its name exists. #}
{% macro drop_what_stands_there(relation) %}
    {%- set existing = load_cached_relation(relation) -%}
    {{- return('drop ' ~ existing.type ~ ' if exists ' ~ existing ~ ' cascade;' if existing is not none else '') -}}
{% endmacro %}
