{#
The rows of `relation` with `<domain>_instance`: the instance of `domain` in which the key in `reference` is found.
With one linked instance it is that one, and no key is looked up. With several it is the one that holds the key;
none, or more than one, gives null: a guess would post money to another company's customer.
`candidates` names a relation with source_instance and `key`.
#}
{% macro resolve_instance(relation, reference, domain, candidates, key) %}
    select
        referring.*,
        case
            when referring.{{ reference }} is not null
                then coalesce(only_link.linked_instance, found.linked_instance)
        end as {{ domain }}_instance
    from {{ relation }} as referring
    left join (
        select
            source_instance,
            min(linked_instance) as linked_instance
        from {{ source('config', 'instance_links') }}
        where domain = '{{ domain }}'
        group by source_instance
        having count(*) = 1
    ) as only_link
        on referring.source_instance = only_link.source_instance
    left join (
        select
            links.source_instance,
            candidates.{{ key }} as key_value,
            min(links.linked_instance) as linked_instance
        from (
            select
                source_instance,
                linked_instance,
                count(*) over (partition by source_instance) as link_count
            from {{ source('config', 'instance_links') }}
            where domain = '{{ domain }}'
        ) as links
        inner join {{ candidates }} as candidates
            on links.linked_instance = candidates.source_instance
        where links.link_count > 1
        group by links.source_instance, candidates.{{ key }}
        having count(distinct links.linked_instance) = 1
    ) as found
        on
            referring.source_instance = found.source_instance
            and referring.{{ reference }} = found.key_value
{% endmacro %}
