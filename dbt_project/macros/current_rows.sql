{#
The rows of a landed relation that count, whatever the order in which batches arrived.

append  one row per key: the smallest content hash. Of usage events landing says which copy counts (usage_repeat).
upsert  one row per key and updated_at, the smallest content hash; valid_from, valid_to and is_current are added:
        the newest updated_at is current.
full    the rows of the newest batch of each source, one per key; a key that vanished was deleted at the source.

batch_id and row_number only choose between equal copies, so that the same copy is taken in every run. Of append
objects only the rows whose key occurs twice are ordered: found by hash, in a third less time than ordering all, and
once: the engine keeps what a CTE came to. `relation` is a table: as a CTE it would be kept whole.
#}
{% macro current_rows(relation, key, mode) %}
    {%- set partition = (['source_instance'] + key) | join(', ') -%}
    {%- set tie = 'content_hash, batch_id, row_number' -%}
    {%- if mode == 'append' -%}
    with repeated as (
        select {{ key_hash(['source_instance'] + key) }} as key_hash
        from {{ relation }}
        group by {{ key_hash(['source_instance'] + key) }}
        having count(*) > 1
    )

    select *
    from {{ relation }}
    where {{ key_hash(['source_instance'] + key) }} not in (select key_hash from repeated)
    union all
    select *
    from (
        select *
        from {{ relation }}
        where {{ key_hash(['source_instance'] + key) }} in (select key_hash from repeated)
    ) as repeated_rows
    qualify
        row_number() over (
            partition by {{ partition }}
            order by {{ tie }}
        ) = 1
    {%- elif mode == 'upsert' -%}
    select
        *,
        updated_at as valid_from,
        lead(updated_at) over (partition by {{ partition }} order by updated_at) as valid_to,
        lead(updated_at) over (partition by {{ partition }} order by updated_at) is null as is_current
    from (
        select *
        from {{ relation }}
        qualify
            row_number() over (
                partition by {{ partition }}, updated_at
                order by {{ tie }}
            ) = 1
    ) as versions
    {%- elif mode == 'full' -%}
    select *
    from (
        select *
        from {{ relation }}
        qualify
            dense_rank() over (
                partition by source_instance
                order by coalesce(extracted_at, timestamp '0001-01-01 00:00:00') desc, batch_id desc
            ) = 1
    ) as newest_batch
    qualify
        row_number() over (
            partition by {{ partition }}
            order by {{ tie }}
        ) = 1
    {%- else -%}
    {{ exceptions.raise_compiler_error("current_rows: mode is append, upsert or full, not '" ~ mode ~ "'") }}
    {%- endif -%}
{% endmacro %}

{# A 64-bit hash of a key. Equal keys have equal hashes; the reverse need not hold, so it only ever preselects. #}
{% macro key_hash(columns) %}{{ return(adapter.dispatch('key_hash')(columns)) }}{% endmacro %}
{% macro default__key_hash(columns) %}hash({{ columns | join(', ') }}){% endmacro %}
{% macro spark__key_hash(columns) %}xxhash64({{ columns | join(', ') }}){% endmacro %}
