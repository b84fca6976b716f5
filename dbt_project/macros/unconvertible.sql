{#
The staged rows of one object that its canonical model does not hold, with the reason in words: nothing vanishes.

`canonical`  the model that the rows should be in; `key` the primary key in it and in staging.
`money`      {currency column: [money columns]}; a currency column is the row's own or, with `parent`, the parent's.
`parent`     {model, object, key: {staged column: parent column}, currency: columns the parent gives}.
`together`   the columns by which `with_minor` of the canonical model leaves out the rows of a whole document.
#}
{% macro unconvertible(domain, object, canonical, key, money, parent=none, current_only=true, together=[]) %}
    {%- set given = parent.currency if parent else [] -%}
    {%- set currencies = money.keys() | list -%}
    select
        staged.source_instance,
        '{{ domain }}' as domain,
        '{{ object }}' as object,
        {{ joined_key('staged', key) }} as key_text,
        case
            {%- if parent %}
            when parents.source_instance is null then 'missing_parent'
            {%- endif %}
            {%- for currency in currencies %}
            when currencies_{{ loop.index }}.exponent is null then 'unknown_currency'
            {%- endfor %}
            {%- if together %}
            when not (
                {%- for currency, columns in money.items() -%}
                {%- set exponent = 'currencies_' ~ loop.index ~ '.exponent' -%}
                {%- set first = loop.first -%}
                {%- for column in columns -%}
                {{ ' or ' if not (first and loop.first) }}({{ not_integral('staged.' ~ column, exponent) }})
                {%- endfor -%}
                {%- endfor -%}
            ) then 'too_large_together'
            {%- endif %}
            else 'too_many_decimals'
        end as reason_code,
        {{ "'" ~ parent.object ~ "'" if parent else 'cast(null as string)' }} as parent_object,
        {{ joined_key('staged', parent.key.keys()) if parent else 'cast(null as string)' }} as parent_key_text,
        case
            {%- for currency, columns in money.items() %}
            {%- set exponent = 'currencies_' ~ loop.index ~ '.exponent' %}
            when {{ exponent }} is null {% for column in columns %}or ({{ not_integral('staged.' ~ column, exponent) }}) {% endfor -%}
                then {{ 'parents' if currency in given else 'staged' }}.{{ currency }}
            {%- endfor %}
        end as currency_code,
        case
            {%- for currency, columns in money.items() %}
            {%- set exponent = 'currencies_' ~ loop.index ~ '.exponent' %}
            {%- for column in columns %}
            when {{ not_integral('staged.' ~ column, exponent) }} then '{{ column }}'
            {%- endfor %}
            {%- endfor %}
        end as column_name,
        case
            {%- for currency, columns in money.items() %}
            {%- set exponent = 'currencies_' ~ loop.index ~ '.exponent' %}
            {%- for column in columns %}
            when {{ not_integral('staged.' ~ column, exponent) }} then cast(staged.{{ column }} as string)
            {%- endfor %}
            {%- endfor %}
        end as amount_text,
        staged.content_hash
    from (
        {{ vendor_union(domain, object, current_only=current_only) }}
    ) as staged
    left join {{ ref(canonical) }} as held
        on
            staged.source_instance = held.source_instance
            {%- for column in key %}
            and staged.{{ column }} = held.{{ column }}
            {%- endfor %}
    {%- if parent %}
    left join {{ ref(parent.model) }} as parents
        on
            staged.source_instance = parents.source_instance
            {%- for column, parent_column in parent.key.items() %}
            and staged.{{ column }} = parents.{{ parent_column }}
            {%- endfor %}
    {%- endif %}
    {%- for currency in currencies %}
    left join {{ ref('currencies') }} as currencies_{{ loop.index }}
        on {{ 'parents' if currency in given else 'staged' }}.{{ currency }} = currencies_{{ loop.index }}.currency_code
    {%- endfor %}
    where held.source_instance is null
{% endmacro %}

{# True where the amount has more decimals than the currency; false where it is null or the currency is unknown. #}
{% macro not_integral(amount, exponent) -%}
    {{ amount }} is not null and {{ exponent }} is not null and ({{ to_minor(amount, exponent) }}) is null
{%- endmacro %}

{# The parts of a key joined by |, as match keys are written. #}
{% macro joined_key(relation, columns) -%}
    concat_ws('|'{% for column in columns %}, cast({{ relation }}.{{ column }} as string){% endfor %})
{%- endmacro %}
