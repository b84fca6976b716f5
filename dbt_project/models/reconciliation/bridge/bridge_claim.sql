-- One row per cell, leg and record (or set of records) that explains a part of the leg, with its cause; what is left
-- over is x99, added later. Beside each what a reader decides by: is it only a matter of time, an error, authorised or
-- disputed; did money leak or was too much billed; and can it still be had?
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

claims as (
  select
    source_instance, {{ bridge_cell() }}, leg, cause_code, amount_minor, 0 as tax_minor,
    cast(null as {{ dbt.type_string() }}) as tax_cause_code, left_ref, right_ref, due_at, is_agreed
  from {{ ref('bridge_claim_billing') }}
  union all
  select
    source_instance, {{ bridge_cell() }}, 'C' as leg, cause_code, amount_minor, tax_minor,
    tax_cause_code, left_ref, right_ref, due_at, false as is_agreed
  from {{ ref('bridge_claim_posting') }}
  union all
  select
    source_instance, {{ bridge_cell() }}, 'D' as leg, cause_code, amount_minor, tax_minor,
    cause_code as tax_cause_code, left_ref, right_ref, due_at, false as is_agreed
  from {{ ref('bridge_claim_settlement') }}
),

named as (
  select
    {{ bridge_named_cell() }},
    leg,
    cause_code,
    cast(amount_minor as decimal(38, 0)) as amount_minor,
    tax_cause_code,
    cast(tax_minor as decimal(38, 0)) as tax_minor,
    left_ref,
    right_ref,
    due_at,
    coalesce(is_agreed, false) as is_agreed
  from claims
)

select
  named.*,
  case
    when named.cause_code like '%99' then 'unexplained'
    when named.cause_code in ('A02', 'D01') or named.due_at > parameters.as_of then 'timing'
    when named.cause_code in ('B13', 'D09') or named.is_agreed then 'authorised'
    when named.cause_code = 'D03' then 'disputed'
    else 'error'
  end as nature,
  case when named.amount_minor > 0 then 'leakage' when named.amount_minor < 0 then 'over-billing' end as direction,
  -- what was given up, refunded, rounded away or cannot be explained is not to be had; the rest is one invoice, posting
  -- or payment away
  named.amount_minor > 0
  and not named.is_agreed
  and named.cause_code not in ('B10', 'B13', 'C13', 'D08', 'D09', 'D10', 'D12')
  and named.cause_code not like '%99' as is_recoverable
from named
cross join parameters
