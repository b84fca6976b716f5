{# One object's rows and amount as staged and as canonical, per source instance. Amounts in ten-thousandths of a major
   unit, summed over all currencies: a hash total, no money. `moment` is the time that a record states of itself, or none. #}
{% macro completeness_of(domain, object, mode, canonical, amount, moment) %}
    select
        coalesce(staged.source_instance, held.source_instance) as source_instance,
        '{{ domain }}' as domain,
        '{{ object }}' as object,
        coalesce(staged.staged_rows, 0) as staged_rows,
        coalesce(staged.current_rows, 0) as current_rows,
        coalesce(held.canonical_rows, 0) as canonical_rows,
        staged.current_total,
        held.canonical_total,
        staged.newest_record_at
    from (
        select
            source_instance,
            count(*) as staged_rows,
            count(*) {{ 'filter (where is_current)' if mode == 'upsert' }} as current_rows,
            {%- if amount %}
            cast(
                sum(cast(cast({{ amount }} as decimal(28, 4)) * 10000 as decimal(38, 0))) {{ 'filter (where is_current)' if mode == 'upsert' }}
                as decimal(38, 0)
            ) as current_total,
            {%- else %}
            cast(null as decimal(38, 0)) as current_total,
            {%- endif %}
            {{ 'max(' ~ moment ~ ')' if moment else 'cast(null as timestamp)' }} as newest_record_at
        from (
            {{ vendor_union(domain, object) }}
        ) as versions
        group by source_instance
    ) as staged
    full join (
        select
            rows_held.source_instance,
            count(*) as canonical_rows,
            {%- if amount %}
            cast(sum(
                cast(rows_held.{{ amount }}_minor as decimal(38, 0))
                * case currencies.exponent when 0 then 10000 when 1 then 1000 when 2 then 100 when 3 then 10 else 1 end
            ) as decimal(38, 0)) as canonical_total
            {%- else %}
            cast(null as decimal(38, 0)) as canonical_total
            {%- endif %}
        from {{ ref(canonical) }} as rows_held
        {%- if amount %}
        left join {{ ref('currencies') }} as currencies on rows_held.currency_code = currencies.currency_code
        {%- endif %}
        group by rows_held.source_instance
    ) as held
        on staged.source_instance = held.source_instance
{% endmacro %}
