{#-
  Engine differences of whole-number arithmetic, and money in words. Only whole numbers: money is minor units.
-#}

{#- Quotient of two whole numbers, cut off towards zero. -#}
{% macro int_div(numerator, denominator) %}{{ return(adapter.dispatch('int_div')(numerator, denominator)) }}{% endmacro %}

{% macro default__int_div(numerator, denominator) -%}
  (({{ numerator }}) // ({{ denominator }}))
{%- endmacro %}

{% macro spark__int_div(numerator, denominator) -%}
  (({{ numerator }}) div nullif({{ denominator }}, 0))
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
  Decimals of a currency by ISO 4217, for a code that the contracts let in; null for null. The exceptions to two decimals are
  listed here and not looked up: a message with four amounts would hold a dozen subqueries, and planning them took longer than
  the control itself. They are texts and not lists of `in`, which DuckDB turns into a join each: a control had a hundred.
  The test `currency_exponents_agree` holds them to the seed.
-#}
{% macro currency_exponent(currency_code) -%}
  case
    when contains('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF', {{ currency_code }}) then 0
    when contains('BHD IQD JOD KWD LYD OMR TND', {{ currency_code }}) then 3
    when contains('CLF UYW', {{ currency_code }}) then 4
    when {{ currency_code }} is not null then 2
  end
{%- endmacro %}


{#-
  An amount for people: `1,234.50 USD`, `-910 JPY`, `12.345 BHD`.
  minor: expression of minor units; currency_code: expression; exponent: expression of the currency's decimals where the
  caller has it at hand, else by the code. An unknown amount reads `an unknown amount`, never null, because a reason
  that is null says nothing to its owner.
-#}
{% macro money_words(minor, currency_code, exponent=none) -%}
  coalesce(
    case when {{ minor }} < 0 then '-' else '' end
    || case {{ exponent if exponent is not none else currency_exponent(currency_code) }}
      when 0 then {{ group_digits('abs(' ~ minor ~ ')') }}
      {%- for places in [2, 3, 4] %}
      when {{ places }} then
        {{ group_digits(int_div('abs(cast(' ~ minor ~ ' as bigint))', 10 ** places)) }}
        || '.' || lpad(cast(abs(cast({{ minor }} as bigint)) % {{ 10 ** places }} as {{ dbt.type_string() }}), {{ places }}, '0')
      {%- endfor %}
    end
    || ' ' || {{ currency_code }},
    'an unknown amount'
  )
{%- endmacro %}


{#- A quantity for people: no trailing zeros, `1200`, `0.5`; `an unknown quantity` for null. -#}
{% macro quantity_words(quantity) -%}
  coalesce(
    trim(trailing '.' from trim(trailing '0' from cast(cast({{ quantity }} as decimal(38, 9)) as {{ dbt.type_string() }}))),
    'an unknown quantity'
  )
{%- endmacro %}
