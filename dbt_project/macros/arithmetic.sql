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


{#- The digits of an amount in minor units without its sign, `1,234.50`: thousands apart, so many decimal places. -#}
{% macro amount_digits(minor, places) %}{{ return(adapter.dispatch('amount_digits')(minor, places)) }}{% endmacro %}

{% macro default__amount_digits(minor, places) -%}
  {%- set amount = 'abs(cast(' ~ minor ~ ' as hugeint))' -%}
  {%- if places == 0 -%}
    format('{:,}', {{ amount }})
  {%- else -%}
    format('{:,}.{:0{{ places }}}', {{ amount }} // {{ 10 ** places }}, {{ amount }} % {{ 10 ** places }})
  {%- endif -%}
{%- endmacro %}

{% macro spark__amount_digits(minor, places) -%}
  {%- set amount = 'abs(try_cast(' ~ minor ~ ' as bigint))' -%}
  format_number({{ amount }} div {{ 10 ** places }}, 0)
  {%- if places > 0 %} || '.' || lpad(cast({{ amount }} % {{ 10 ** places }} as string), {{ places }}, '0'){% endif -%}
{%- endmacro %}


{#- Ten to the power of a small whole number (0 to 4), as BIGINT; null outside. -#}
{% macro ten_to_the(exponent) -%}
  case {{ exponent }} when 0 then 1 when 1 then 10 when 2 then 100 when 3 then 1000 when 4 then 10000 end
{%- endmacro %}


{#-
  Whether a currency has 0, 3 or 4 decimals. These exceptions to two decimals are listed here and not looked up: a message
  with four amounts would hold a dozen subqueries, and planning them took longer than the control itself. They are texts and
  not lists of `in`, which DuckDB turns into a join each: a control had a hundred. The test `currency_exponents_agree` holds
  them to the seed.
-#}
{% macro has_exponent(currency_code, exponent) -%}
  {%- set codes = {
    0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
    3: 'BHD IQD JOD KWD LYD OMR TND',
    4: 'CLF UYW',
  } -%}
  contains('{{ codes[exponent] }}', {{ currency_code }})
{%- endmacro %}


{#- Decimals of a currency by ISO 4217, for a code that the contracts let in; null for null. -#}
{% macro currency_exponent(currency_code) -%}
  case
    {%- for exponent in [0, 3, 4] %}
    when {{ has_exponent(currency_code, exponent) }} then {{ exponent }}
    {%- endfor %}
    when {{ currency_code }} is not null then 2
  end
{%- endmacro %}


{#-
  An amount for people: `1,234.50 USD`, `-910 JPY`, `12.345 BHD`.
  minor: expression of minor units; currency_code: expression. An unknown amount reads `an unknown amount`, never null,
  because a reason that is null says nothing to its owner. A control has up to fifteen of them and each is planned: every
  operation less counts.
-#}
{% macro money_words(minor, currency_code) -%}
  coalesce(
    case when {{ minor }} < 0 then '-' else '' end
    || case
      {%- for exponent in [0, 3, 4] %}
      when {{ has_exponent(currency_code, exponent) }} then {{ amount_digits(minor, exponent) }}
      {%- endfor %}
      else {{ amount_digits(minor, 2) }}
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
