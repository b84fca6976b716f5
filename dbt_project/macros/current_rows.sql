{#
The rows of a landed relation that count, whatever the order in which batches arrived.

append  one row per key: the earliest `earliest` (where the object has such a column), then the smallest content hash.
upsert  one row per key and updated_at, the smallest content hash; valid_from, valid_to and is_current are added:
        the newest updated_at is current.
full    the rows of the newest batch of each source, one per key; a key that vanished was deleted at the source.

batch_id and row_number only choose between equal copies, so that the same copy is taken in every run.
#}
{% macro current_rows(relation, key, mode, earliest=none) %}
    {%- set partition = (['source_instance'] + key) | join(', ') -%}
    {%- set tie = 'content_hash, batch_id, row_number' -%}
    {%- if mode == 'append' -%}
    select *
    from {{ relation }}
    qualify
        row_number() over (
            partition by {{ partition }}
            order by {{ earliest ~ ', ' if earliest }}{{ tie }}
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
