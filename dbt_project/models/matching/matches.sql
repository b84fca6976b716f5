-- One row per record of a match: which records of the two sides belong together, who says so, and how surely?
-- A confirmed record is in one group only; a suggested one may be in several, and explains nothing by itself.
with outcome as (
  select * from {{ ref('match_outcome') }} where finding = 'match'
),

candidates as (
  select * from {{ ref('match_candidate') }}
)

select
  outcome.purpose,
  outcome.group_id,
  outcome.kind,
  outcome.pass_name as pass,
  candidates.side,
  candidates.source_instance,
  candidates.record_instance,
  candidates.object || ':' || candidates.record_id as record_ref,
  candidates.object,
  candidates.record_id,
  nullif(candidates.legal_entity_code, '') as legal_entity_code,
  nullif(candidates.customer_id, '') as customer_id,
  candidates.currency_code,
  candidates.amount_minor,
  outcome.residual_minor,
  outcome.status,
  outcome.score,
  outcome.reason
from outcome
inner join candidates on candidates.row_id = outcome.row_id
