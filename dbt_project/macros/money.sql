{#
An amount of at most four decimals in major units as BIGINT minor units; null where the currency has fewer decimals
than the amount, or is unknown. Never rounded: a rounded amount is a difference that nobody booked.
#}
{% macro to_minor(amount, exponent) %}
    {%- set scaled -%}
    cast({{ amount }} as decimal(28, 4)) * case {{ exponent }} when 0 then 1 when 2 then 100 when 3 then 1000 when 4 then 10000 end
    {%- endset -%}
    case when cast({{ scaled }} as decimal(38, 0)) = {{ scaled }} then cast({{ scaled }} as bigint) end
{%- endmacro %}

{#
The rows of a relation with `<column>_minor` for every money column. Rows that cannot be converted are left out
(canonical.unconvertible_row shows them), or kept with null amounts where `keep_all`.
#}
{% macro with_minor(relation, money, currency='currency_code', keep_all=false) %}
    select *
    from (
        select
            amounts.*,
            {%- for column in money %}
            {{ to_minor('amounts.' ~ column, 'currencies.exponent') }} as {{ column }}_minor{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ relation }} as amounts
        {{ 'left' if keep_all else 'inner' }} join {{ ref('currencies') }} as currencies
            on amounts.{{ currency }} = currencies.currency_code
    ) as scaled
    {%- if not keep_all %}
    where
        {%- for column in money %}
        {{ 'and ' if not loop.first }}({{ column }} is null or {{ column }}_minor is not null)
        {%- endfor %}
    {%- endif %}
{% endmacro %}
