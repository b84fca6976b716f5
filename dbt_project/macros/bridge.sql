{#- The bridge: its legs, the key of a cell, the frozen order of causes, and the split of an amount to the minor unit. -#}

{#- The version of the order in which causes are tried. Another order is another split, so it gets another version. -#}
{% macro bridge_order_version() -%} '2' {%- endmacro %}

{#- Cell of the public marts. Inside, every cell also carries its source instance: two engines may use the same ids. -#}
{% macro bridge_cell() -%}
  legal_entity_code, customer_id, subscription_id, sku, service_period_start, currency_code
{%- endmacro %}

{#- The same, of a relation by its alias. -#}
{% macro bridge_cell_of(alias) -%}
  {{ alias }}.legal_entity_code,
  {{ alias }}.customer_id,
  {{ alias }}.subscription_id,
  {{ alias }}.sku,
  {{ alias }}.service_period_start,
  {{ alias }}.currency_code
{%- endmacro %}

{#- Two relations stand in the same cell of the same instance. -#}
{% macro bridge_same_cell(left, right) -%}
  {{ left }}.source_instance = {{ right }}.source_instance
  {%- for column in ['legal_entity_code', 'customer_id', 'subscription_id', 'sku', 'service_period_start', 'currency_code'] %}
  and {{ left }}.{{ column }} = {{ right }}.{{ column }}
  {%- endfor %}
{%- endmacro %}

{#- A cell with the words that stand for what a record does not name. -#}
{% macro bridge_named_cell() -%}
  coalesce(source_instance, 'unknown') as source_instance,
  coalesce(legal_entity_code, 'unknown') as legal_entity_code,
  coalesce(customer_id, 'unknown') as customer_id,
  coalesce(subscription_id, 'unallocated') as subscription_id,
  coalesce(sku, 'unallocated') as sku,
  service_period_start,
  coalesce(currency_code, 'unknown') as currency_code
{%- endmacro %}

{#- A query: one row per cell and leg of `cells` with leg and leg_minor. -#}
{% macro bridge_legs(cells, tax=false) -%}
  {%- set legs = [
    ('A', 'expected_minor', 'metered_minor'),
    ('B', 'metered_minor', 'billed_minor'),
    ('C', 'billed_minor', 'posted_minor'),
    ('D', 'posted_minor', 'settled_minor'),
  ] if not tax else [
    ('C', 'billed_tax_minor', 'posted_tax_minor'),
    ('D', 'posted_tax_minor', 'settled_tax_minor'),
  ] -%}
  {%- for leg, from_stage, to_stage in legs %}
  select
    source_instance,
    {{ bridge_cell() }},
    '{{ leg }}' as leg,
    cast({{ from_stage }} - {{ to_stage }} as decimal(38, 0)) as leg_minor
  from {{ cells }}
  {{ 'union all' if not loop.last }}
  {%- endfor %}
{%- endmacro %}


{#-
  A query: `relation` with share_minor, the part of `amount` that falls on each row by its `weight`: largest remainder within
  `partition`, so that the shares add up to the amount to the minor unit. Weights may be negative; where they add up to zero
  every share is zero. partition, tie_break: lists of columns.
-#}
{% macro largest_remainder(relation, partition, tie_break, amount='amount_minor', weight='weight_minor') -%}
  select
    ranked.*,
    cast(
      lr_whole + case
        when lr_total <> 0 and lr_turn <= abs(lr_left_over) then case when lr_left_over < 0 then -1 else 1 end
        else 0
      end as bigint
    ) as share_minor
  from (
    select
      shared.*,
      {{ amount }} - sum(lr_whole) over (partition by {{ partition | join(', ') }}) as lr_left_over,
      row_number() over (
        partition by {{ partition | join(', ') }} order by abs(lr_remainder) desc, {{ tie_break | join(', ') }}
      ) as lr_turn
    from (
      select
        weighed.*,
        case when lr_total = 0 then 0 else {{ whole_div('lr_product', 'lr_total') }} end as lr_whole,
        case when lr_total = 0 then 0 else lr_product % lr_total end as lr_remainder
      from (
        select
          relation.*,
          cast(sum({{ weight }}) over (partition by {{ partition | join(', ') }}) as {{ whole() }}) as lr_total,
          cast({{ amount }} as {{ whole() }}) * cast({{ weight }} as {{ whole() }}) as lr_product
        from {{ relation }} as relation
      ) as weighed
    ) as shared
  ) as ranked
{%- endmacro %}
