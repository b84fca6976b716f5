{#
What an authority policy compares: text without the differences that mean nothing. Null where nothing is left.
exact keeps the text, code ignores case and blanks around, identifier everything but letters and digits, name also case,
punctuation and how the legal form is written ("ACME, Limited" is "Acme Ltd", but "Acme Ltd" is not "Acme").
#}
{% macro normalised(value, normaliser) -%}
  nullif(
    case {{ normaliser }}
      when 'name' then {{ short_legal_form(replace_pattern('upper(' ~ value ~ ')', '[^\\p{L}\\p{N}]+', ' ')) }}
      when 'identifier' then {{ replace_pattern('upper(' ~ value ~ ')', '[^\\p{L}\\p{N}]+', '') }}
      when 'code' then upper(trim({{ value }}))
      else {{ value }}
    end,
    ''
  )
{%- endmacro %}

{#- Words of a name in capitals with the long legal forms cut short; only the last word is a legal form. -#}
{% macro short_legal_form(words) -%}
  {%- set forms = [
    ('LIMITED', 'LTD'), ('INCORPORATED', 'INC'), ('CORPORATION', 'CORP'), ('COMPANY', 'CO'),
    ('AKTIENGESELLSCHAFT', 'AG'),
  ] -%}
  {%- set found = namespace(text='trim(' ~ words ~ ')') -%}
  {%- for long, short in forms -%}
    {%- set found.text = replace_pattern(found.text, ' ' ~ long ~ '$', ' ' ~ short) -%}
  {%- endfor -%}
  {{ found.text }}
{%- endmacro %}

{#- Every match of a regular expression replaced. The pattern is RE2 and Java alike. -#}
{% macro replace_pattern(text, pattern, replacement) -%}
  {{ return(adapter.dispatch('replace_pattern')(text, pattern, replacement)) }}
{%- endmacro %}
{% macro default__replace_pattern(text, pattern, replacement) -%}
  regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}
{% macro spark__replace_pattern(text, pattern, replacement) -%}
  regexp_replace({{ text }}, r'{{ pattern }}', '{{ replacement }}')
{%- endmacro %}

{#- A normalised name without its legal form, for finding records that may be one; never for deciding that they are. -#}
{% macro without_legal_form(name) -%}
  {{ replace_pattern(name, ' (LTD|INC|CORP|CO|AG|LLC|LLP|PLC|GMBH|KG|SE|SA|SAS|SARL|BV|NV|AB|AS|OY|SPA|SRL|KK|WLL|PTY)$', '') }}
{%- endmacro %}
