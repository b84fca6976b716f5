-- One row per entity, customer and currency in which combinations were looked for, within a window of days or within
-- one accounting period: does none exist, or did the search end before that was known?
select
  purpose,
  substr(scope, length(purpose) + 2) as source_instance,
  nullif(legal_entity_code, '') as legal_entity_code,
  nullif(customer_id, '') as customer_id,
  currency_code,
  nullif(batch, '') as period,
  open_rows,
  outcome,
  steps,
  searched_rows,
  reason
from {{ ref('match_outcome') }}
where finding = 'search'
