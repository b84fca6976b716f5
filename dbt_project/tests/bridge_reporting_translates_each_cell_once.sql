-- If this fails, the causes of a cell add up to another amount in the reporting currency than the cell's own variance
-- translated once, or a cell that needs no translation reads differently.
{{ config(meta={"dagster": {"ref": {"name": "bridge_reporting"}}}) }}
with translated as (
  select * from {{ ref('bridge_reporting') }} where leg <> 'T' and cause_code not in ('C12', 'D10')
),

cells as (
  select
    source_instance, {{ bridge_cell() }},
    reporting_currency_code,
    sum(amount_minor) as amount_minor,
    sum(reporting_minor) as reporting_minor
  from translated
  group by source_instance, {{ bridge_cell() }}, reporting_currency_code
),

rated as (
  select
    cells.*,
    cast(cells.amount_minor as {{ whole() }}) as amount_whole,
    rates.numerator,
    rates.denominator
  from cells
  inner join {{ ref('bridge_book') }} as books
    on books.source_instance = cells.source_instance and books.legal_entity_code = cells.legal_entity_code
  inner join {{ ref('bridge_rate') }} as rates
    on
      rates.erp_instance = books.erp_instance
      and rates.currency_code = cells.currency_code
      and rates.month = {{ month_start('cells.service_period_start') }}
)

select source_instance, {{ bridge_cell() }}, reporting_minor
from rated
where reporting_minor is distinct from {{ mul_div_round('amount_whole', 'numerator', 'denominator') }}
union all
select source_instance, {{ bridge_cell() }}, reporting_minor
from translated
where currency_code = reporting_currency_code and reporting_minor <> amount_minor
