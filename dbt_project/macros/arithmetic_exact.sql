{#-
  Exact arithmetic on whole numbers of up to 38 digits: the only place where money is multiplied or divided.
  A float would lose cents from 15 digits on, and SQL's decimal division gives another type and scale on every engine.
  Whatever does not fit becomes null (then: not testable), never an error that would end the run of all other amounts.
-#}

{#- The engine's widest whole number. -#}
{% macro whole() %}{{ return(adapter.dispatch('whole')()) }}{% endmacro %}
{% macro default__whole() -%} hugeint {%- endmacro %}
{% macro spark__whole() -%} decimal(38, 0) {%- endmacro %}


{#- A decimal of at most nine decimals as a whole number of billionths; null from 10^18 on. -#}
{% macro billionths(value) %}{{ return(adapter.dispatch('billionths')(value)) }}{% endmacro %}

{% macro default__billionths(value) -%}
  case
    when abs({{ value }}) < 1000000000000000000
      then cast(cast({{ value }} as decimal(38, 9)) * 1000000000 as hugeint)
  end
{%- endmacro %}

{% macro spark__billionths(value) -%}
  case
    when abs({{ value }}) < 1000000000000000000
      then cast(replace(cast(cast({{ value }} as decimal(38, 9)) as string), '.', '') as decimal(38, 0))
  end
{%- endmacro %}


{#- The reverse: billionths as DECIMAL(38,9). -#}
{% macro from_billionths(value) %}{{ return(adapter.dispatch('from_billionths')(value)) }}{% endmacro %}

{% macro default__from_billionths(value) -%}
  cast({{ value }} as decimal(38, 0)) * cast(0.000000001 as decimal(9, 9))
{%- endmacro %}

{% macro spark__from_billionths(value) -%}
  cast({{ value }} * cast(0.000000001 as decimal(9, 9)) as decimal(38, 9))
{%- endmacro %}


{#- Whole quotient of two whole numbers of up to 38 digits, cut off towards zero; on Spark null from 10^28 on, because the type of a
    quotient keeps so many digits only where the divisor has at most 20. -#}
{% macro whole_div(a, d) %}{{ return(adapter.dispatch('whole_div')(a, d)) }}{% endmacro %}
{% macro default__whole_div(a, d) -%} (({{ a }}) // ({{ d }})) {%- endmacro %}
{% macro spark__whole_div(a, d) -%}
  {%- set even = '(' ~ a ~ ') - (' ~ a ~ ') % nullif(' ~ d ~ ', 0)' -%}
  coalesce(
    cast(try_divide({{ even }}, try_cast({{ d }} as decimal(20, 0))) as decimal(38, 0)),
    cast(try_divide({{ even }}, {{ d }}) as decimal(38, 0))
  )
{%- endmacro %}


{#- Whether the product of two whole numbers, the second positive, is at most `limit`, a power of ten below 10^38. -#}
{% macro product_is_at_most(a, b, limit) %}{{ return(adapter.dispatch('product_is_at_most')(a, b, limit)) }}{% endmacro %}
{% macro default__product_is_at_most(a, b, limit) -%}
  {{ a }} <= {{ whole_div('cast(' ~ limit ~ ' as ' ~ whole() ~ ')', b) }}
{%- endmacro %}
{% macro spark__product_is_at_most(a, b, limit) -%}
  coalesce(try_multiply({{ a }}, cast({{ b }} as decimal(38, 0))) <= {{ limit }}, false)
{%- endmacro %}


{#-
  a x n / d, rounded once, half away from zero; null when it cannot be had exactly in 38 digits or does not fit BIGINT times
  10^9. a: any whole number; n >= 0, d > 0 with n x d <= 10^37. Long division in two limbs: a = q x d + r, so that
  a x n / d = q x n + (r x n) / d, and neither product exceeds 38 digits where a x n alone would.
  Arguments appear several times in the text: pass columns, not expressions.
-#}
{% macro mul_div_round(a, n, d) %}{{ return(adapter.dispatch('mul_div_round')(a, n, d)) }}{% endmacro %}

{#- Dividing whole numbers of 38 digits is slow, and nearly every a x n has fewer than 29: these take one division, not ten. -#}
{% macro default__mul_div_round(a, n, d) -%}
  case
    when {{ d }} > 0 and {{ n }} = 0 then cast(0 as hugeint)
    when {{ d }} > 0 and {{ n }} > 0
      then case
        when abs({{ a }}) <= 1000000000000000 and {{ n }} <= 10000000000000 and {{ d }} <= 10000000000000000000
          then sign({{ a }}) * {{ half_up_quotient('cast(abs(' ~ a ~ ') as hugeint) * ' ~ n, d) }}
        when {{ product_is_at_most(d, n, '10000000000000000000000000000000000000') }}
          and {{ product_is_at_most(whole_div('abs(' ~ a ~ ')', d), n, '10000000000000000000000000000') }}
          then sign({{ a }}) * (
            cast({{ whole_div('abs(' ~ a ~ ')', d) }} as hugeint) * {{ n }}
            + {{ half_up_quotient('cast(abs(' ~ a ~ ') % (' ~ d ~ ') as hugeint) * ' ~ n, d) }}
          )
      end
  end
{%- endmacro %}

{#- Quotient of a positive whole number, at most 10^37, rounded half up. -#}
{% macro half_up_quotient(x, d) -%} ((2 * ({{ x }}) + {{ d }}) // (2 * cast({{ d }} as hugeint))) {%- endmacro %}

{% macro spark__mul_div_round(a, n, d) -%}
  case
    when {{ d }} > 0 and {{ n }} = 0 then cast(0 as {{ whole() }})
    when {{ d }} > 0 and {{ n }} > 0
      and {{ product_is_at_most(d, n, '10000000000000000000000000000000000000') }}
      and {{ product_is_at_most(whole_div('abs(' ~ a ~ ')', d), n, '10000000000000000000000000000') }}
      then
        (case when {{ a }} < 0 then -1 else 1 end)
        * (
          {{ whole_div('abs(' ~ a ~ ')', d) }} * {{ n }}
          + {{ whole_div('(abs(' ~ a ~ ') % (' ~ d ~ ')) * ' ~ n, d) }}
          + case
            when ((abs({{ a }}) % ({{ d }})) * {{ n }}) % ({{ d }}) >= ({{ d }}) - ((abs({{ a }}) % ({{ d }})) * {{ n }}) % ({{ d }})
              then 1
            else 0
          end
        )
  end
{%- endmacro %}


{#- A whole number as BIGINT; null when it does not fit, nor its opposite. -#}
{% macro fits_bigint(value) %}{{ return(adapter.dispatch('fits_bigint')(value)) }}{% endmacro %}
{% macro default__fits_bigint(value) -%}
  nullif(try_cast({{ value }} as bigint), cast('-9223372036854775808' as bigint))
{%- endmacro %}
{% macro spark__fits_bigint(value) -%}
  case when abs({{ value }}) <= 9223372036854775807 then cast({{ value }} as bigint) end
{%- endmacro %}


{#- Aggregate: the sum of amounts as DECIMAL(38,0), as every sum of many records is kept; Spark would add up BIGINT in 64 bits.
    over: a window. -#}
{% macro whole_sum(value, over='') %}{{ return(adapter.dispatch('whole_sum')(value, over)) }}{% endmacro %}
{% macro default__whole_sum(value, over) -%} cast(sum({{ value }}) {{ 'over ' ~ over if over }} as decimal(38, 0)) {%- endmacro %}
{% macro spark__whole_sum(value, over) -%}
  cast(sum(cast({{ value }} as decimal(38, 0))) {{ 'over ' ~ over if over }} as decimal(38, 0))
{%- endmacro %}


{#- A quantity of events times the meter's multiplier, rounded to nine decimals; null when it does not fit. -#}
{% macro in_billed_units(quantity, multiplier) -%}
  {{ from_billionths(mul_div_round(
    '(' ~ billionths(quantity) ~ ')', '(' ~ billionths(multiplier) ~ ')', 'cast(1000000000 as ' ~ whole() ~ ')'
  )) }}
{%- endmacro %}


{#- A 64-bit hash of columns: finds candidates for equality, never proves it. -#}
{% macro row_hash(columns) %}{{ return(adapter.dispatch('row_hash')(columns)) }}{% endmacro %}
{% macro default__row_hash(columns) -%} hash({{ columns | join(', ') }}) {%- endmacro %}
{% macro spark__row_hash(columns) -%} xxhash64({{ columns | join(', ') }}) {%- endmacro %}


{#- A text that tells two sets of rows apart, whatever their order: how many, and the sum of their hashes. -#}
{% macro digest(columns) -%}
cast(count(*) as {{ dbt.type_string() }}) || ':' || cast(sum(cast({{ row_hash(columns) }} as decimal(38, 0))) as {{ dbt.type_string() }})
{%- endmacro %}


{#- A text as a UTC timestamp; null when it is none. -#}
{% macro utc_timestamp_or_null(text) %}{{ return(adapter.dispatch('utc_timestamp_or_null')(text)) }}{% endmacro %}
{% macro default__utc_timestamp_or_null(text) -%} cast(try_cast({{ text }} as timestamptz) at time zone 'UTC' as timestamp) {%- endmacro %}
{% macro spark__utc_timestamp_or_null(text) -%} to_utc_timestamp(try_cast({{ text }} as timestamp), current_timezone()) {%- endmacro %}
