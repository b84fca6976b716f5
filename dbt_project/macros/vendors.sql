{# The vendors of each domain that have a staging folder. Adding a vendor is that folder and its name here. #}
{% macro vendors(domain) %}
    {{ return({
        'product': ['generic'],
        'billing': ['generic'],
        'crm': ['generic'],
        'erp': ['generic'],
        'hub': ['generic'],
    }[domain]) }}
{% endmacro %}

{#
All staged rows of one landing object, of every vendor and instance. With current_only the version that counts today;
without it every version of an upsert object. Objects of mode append have one row per key either way.
#}
{% macro vendor_union(domain, object, current_only=false) %}
    {%- for vendor in vendors(domain) %}
    {{ 'union all' if not loop.first }}
    select * from {{ ref('stg_' ~ vendor ~ '__' ~ domain ~ '__' ~ object) }}
    {%- if current_only %}
    where is_current
    {%- endif %}
    {%- endfor %}
{% endmacro %}
