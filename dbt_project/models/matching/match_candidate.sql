-- One row per record and purpose that may be matched: only where the other side has one too, within one entity,
-- customer and currency. `day` counts business days where the window does (cash, postings), else days; `group_key` of a
-- posting is its accounting period by the entity's calendar.
{%- set columns = [
  'purpose', 'side', 'source_instance', 'object', 'record_id', 'record_instance', 'legal_entity_code', 'customer_id',
  'currency_code', 'amount_minor', 'dated', 'refs',
] %}
with candidates as (
  {%- for model in ['cash_candidate', 'payout_candidate'] %}
  select
    {{ columns | join(', ') }},
    cast(null as bigint) as net_minor,
    cast(null as bigint) as tax_minor,
    cast(null as {{ dbt.type_string() }}) as erp_instance
  from {{ ref(model) }}
  union all
  {%- endfor %}
  {%- for model in ['posting_candidate', 'summary_candidate'] %}
  select {{ columns | join(', ') }}, net_minor, tax_minor, erp_instance
  from {{ ref(model) }}
  {{ 'union all' if not loop.last }}
  {%- endfor %}
),

calendar as (
  select * from {{ ref('accounting_period') }}
),

-- a journal may hold several entities and currencies, each of which posts something else
keyed as (
  select
    *,
    record_instance || '|' || object || ':' || record_id
    || case when object = 'journal' then '|' || legal_entity_code || '|' || currency_code else '' end as record_key
  from candidates
),

-- adjustment periods may overlap a month: the first counts, or the record would be there twice
placed as (
  select
    keyed.*,
    case
      when keyed.erp_instance is not null then {{ period_of('calendar.period', 'keyed.dated') }}
    end as period
  from keyed
  left join calendar
    on
      calendar.source_instance = keyed.erp_instance
      and calendar.legal_entity_code = keyed.legal_entity_code
      and keyed.dated between calendar.start_date and calendar.end_date
  qualify row_number() over (partition by keyed.purpose, keyed.record_key order by calendar.period) = 1
)

select
  purpose,
  purpose || '|' || record_key as row_id,
  record_key,
  purpose || '|' || source_instance as scope,
  side,
  source_instance,
  record_instance,
  object,
  record_id,
  coalesce(legal_entity_code, '') as legal_entity_code,
  coalesce(customer_id, '') as customer_id,
  currency_code,
  cast(amount_minor as bigint) as amount_minor,
  net_minor,
  tax_minor,
  dated,
  cast(case
    when purpose = 'payout' then {{ days_between("cast('1970-01-05' as date)", 'dated') }}
    else {{ business_day_number('dated') }}
  end as bigint) as day,
  refs,
  period as group_key,
  cast(null as {{ dbt.type_string() }}) as text
from placed
where dated is not null
qualify
  min(side) over (partition by purpose, source_instance, legal_entity_code, customer_id, currency_code) = 'left'
  and max(side) over (partition by purpose, source_instance, legal_entity_code, customer_id, currency_code) = 'right'
