-- One row per cell, leg and cause of the bridge in the reporting currency, with the exchange causes that no cell in one
-- currency can show (C12, D10) and the translation difference: what is the variance worth to the group?
select
  {{ bridge_cell() }},
  leg,
  cause_code,
  amount_minor,
  reporting_currency_code,
  reporting_minor,
  source_instance
from {{ ref('bridge_translated') }}
