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
(canonical.unconvertible_row shows them), or kept with null amounts where `keep_all`. So are all rows of a document,
by each of the columns `together`, whose amounts are beyond what any document can hold.
#}
{% macro with_minor(relation, money, currency='currency_code', keep_all=false, together=[]) %}
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
        {%- for document in together %}
        left join ({{ beyond_any_document(relation, document, money) }}) as beyond_{{ loop.index }}
            on
                amounts.source_instance = beyond_{{ loop.index }}.source_instance
                and amounts.{{ document }} = beyond_{{ loop.index }}.{{ document }}
        {%- endfor %}
        {%- for document in together %}
        {{ 'and' if not loop.first else 'where' }} beyond_{{ loop.index }}.{{ document }} is null
        {%- endfor %}
    ) as scaled
    {%- if not keep_all %}
    where
        {%- for column in money %}
        {{ 'and ' if not loop.first }}({{ column }} is null or {{ column }}_minor is not null)
        {%- endfor %}
    {%- endif %}
{% endmacro %}

{#
A query: the documents whose rows in a relation add up, without their signs, to more than 9 * 10^14 in major units: no
header can agree with them, and in a currency of four decimals their sums do not fit a mart. Of amounts below a million
it would take hundreds of millions of rows, so that they are not even added up.
#}
{% macro beyond_any_document(relation, document, money) -%}
    select source_instance, {{ document }}
    from {{ relation }}
    where {% for column in money %}{{ 'or ' if not loop.first }}abs({{ column }}) >= 1000000 {% endfor %}
    group by source_instance, {{ document }}
    having sum(
        {%- for column in money -%}
        {{ ' + ' if not loop.first }}abs(coalesce(cast({{ column }} as decimal(28, 4)), 0))
        {%- endfor -%}
    ) > 900000000000000
{%- endmacro %}
