{#-
  Engine differences of whole-number arithmetic, and money in words. Only whole numbers: money is minor units.
-#}

{#- Quotient of two whole numbers, cut off towards zero. -#}
{% macro int_div(numerator, denominator) %}{{ return(adapter.dispatch('int_div')(numerator, denominator)) }}{% endmacro %}

{% macro default__int_div(numerator, denominator) -%}
  (({{ numerator }}) // ({{ denominator }}))
{%- endmacro %}

{% macro spark__int_div(numerator, denominator) -%}
  (({{ numerator }}) div ({{ denominator }}))
{%- endmacro %}


{#- Whole number with thousands separators, as text. -#}
{% macro group_digits(value) %}{{ return(adapter.dispatch('group_digits')(value)) }}{% endmacro %}

{% macro default__group_digits(value) -%}
  format('{:,}', cast({{ value }} as bigint))
{%- endmacro %}

{% macro spark__group_digits(value) -%}
  format_number(cast({{ value }} as bigint), 0)
{%- endmacro %}


{#- Ten to the power of a small whole number (0 to 4), as BIGINT; null outside. -#}
{% macro ten_to_the(exponent) -%}
  case {{ exponent }} when 0 then 1 when 1 then 10 when 2 then 100 when 3 then 1000 when 4 then 10000 end
{%- endmacro %}


{#-
  Decimals of a currency by ISO 4217; null for an unknown code. A scalar subquery: no join needed. Its columns have names of
  their own, because the caller's `currency_code` would otherwise mean the seed's, and every amount get four decimals.
-#}
{% macro currency_exponent(currency_code) -%}
  (
    select max(iso.iso_exponent)
    from (select currency_code as iso_code, exponent as iso_exponent from {{ ref('currencies') }}) as iso
    where iso.iso_code = {{ currency_code }}
  )
{%- endmacro %}


{#-
  An amount for people: `1,234.50 USD`, `-910 JPY`, `12.345 BHD`.
  minor: expression of minor units; currency_code: expression; exponent: expression of the currency's decimals where the
  caller has it at hand, else it is looked up. An unknown amount reads `an unknown amount`, never null, because a reason
  that is null says nothing to its owner.
-#}
{% macro money_words(minor, currency_code, exponent=none) -%}
  {%- set places = exponent if exponent is not none else currency_exponent(currency_code) -%}
  coalesce(
    case when {{ minor }} < 0 then '-' else '' end
    || case
      when {{ places }} = 0 then {{ group_digits('abs(' ~ minor ~ ')') }}
      else
        {{ group_digits(int_div('abs(cast(' ~ minor ~ ' as bigint))', ten_to_the(places))) }} || '.'
        || lpad(cast(abs(cast({{ minor }} as bigint)) % ({{ ten_to_the(places) }}) as {{ dbt.type_string() }}), cast({{ places }} as integer), '0')
    end
    || ' ' || {{ currency_code }},
    'an unknown amount'
  )
{%- endmacro %}


{#- A quantity for people: no trailing zeros, `1200`, `0.5`; `an unknown quantity` for null. -#}
{% macro quantity_words(quantity) -%}
  coalesce(
    rtrim(rtrim(cast(cast({{ quantity }} as decimal(38, 9)) as {{ dbt.type_string() }}), '0'), '.'), 'an unknown quantity'
  )
{%- endmacro %}
