-- One row per record and purpose that may be matched: only where the other side has one too, within one entity,
-- customer and currency. `day` counts business days where the window does (cash), else days.
with candidates as (
  select * from {{ ref('cash_candidate') }}
  union all
  select * from {{ ref('posting_candidate') }}
  union all
  select * from {{ ref('payout_candidate') }}
)

select
  purpose,
  purpose || '|' || record_instance || '|' || object || ':' || record_id as row_id,
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
  dated,
  cast(case
    when purpose in ('cash', 'receipt_copy') then {{ business_day_number('dated') }}
    else {{ days_between("cast('1970-01-05' as date)", 'dated') }}
  end as bigint) as day,
  refs,
  case when purpose = 'posting' then {{ month_key('dated') }} end as group_key,
  cast(null as {{ dbt.type_string() }}) as text
from candidates
where dated is not null
qualify
  min(side) over (partition by purpose, source_instance, legal_entity_code, customer_id, currency_code) = 'left'
  and max(side) over (partition by purpose, source_instance, legal_entity_code, customer_id, currency_code) = 'right'
