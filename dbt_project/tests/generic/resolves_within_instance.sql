{# Fails on a reference without its target in the instance that it resolves in; a null reference passes. #}
{% test resolves_within_instance(model, column_name, to, field, instance='source_instance') %}
select
    referring.{{ instance }},
    referring.{{ column_name }}
from {{ model }} as referring
left join {{ to }} as target
    on
        referring.{{ instance }} = target.source_instance
        and referring.{{ column_name }} = target.{{ field }}
where
    referring.{{ column_name }} is not null
    and target.{{ field }} is null
{% endtest %}
