-- One row per legal entity, accounting period, currency, leg and cause: in which period is a posting missing, and in
-- which does it stand instead? Exchange causes are in base currency.
select
  legal_entity_code,
  period,
  currency_code,
  leg,
  cause_code,
  amount_minor,
  base_currency_code,
  base_minor,
  source_instance
from {{ ref('bridge_period_line') }}
