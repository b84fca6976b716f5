-- One row per record of a match: which records of the two sides belong together, who says so, and how surely?
-- A confirmed record is in one group only; a suggested one may be in several, and explains nothing by itself. Where
-- both sides show net and tax as well, equal gross amounts alone are only a suggestion: they could hide a wrong tax
-- code.
with outcome as (
  select * from {{ ref('match_outcome') }} where finding = 'match'
),

candidates as (
  select * from {{ ref('match_candidate') }}
),

found as (
  select
    outcome.purpose,
    outcome.group_id,
    outcome.kind,
    outcome.pass_name,
    outcome.residual_minor,
    outcome.status,
    outcome.score,
    outcome.reason,
    candidates.side,
    candidates.source_instance,
    candidates.record_instance,
    candidates.object,
    candidates.record_id,
    candidates.record_key,
    candidates.legal_entity_code,
    candidates.customer_id,
    candidates.currency_code,
    {%- for part in ['net', 'tax'] %}
    case
      when count(candidates.{{ part }}_minor) over in_group = count(*) over in_group
        then
          coalesce(
            sum(case candidates.side when 'left' then candidates.{{ part }}_minor else -candidates.{{ part }}_minor end)
              over in_group, 0
          )
      else 0
    end as {{ part }}_residual_minor,
    {%- endfor %}
    candidates.amount_minor
  from outcome
  inner join candidates on candidates.row_id = outcome.row_id
  window in_group as (partition by outcome.purpose, outcome.group_id)
),

judged as (
  select
    *,
    status = 'confirmed' and (net_residual_minor <> 0 or tax_residual_minor <> 0) as is_split_otherwise
  from found
)

select
  purpose,
  group_id,
  kind,
  pass_name as pass,
  side,
  source_instance,
  record_instance,
  object || ':' || record_id as record_ref,
  object,
  record_id,
  record_key,
  nullif(legal_entity_code, '') as legal_entity_code,
  nullif(customer_id, '') as customer_id,
  currency_code,
  amount_minor,
  residual_minor,
  case when is_split_otherwise then 'suggested' else status end as status,
  case when is_split_otherwise then 5000 else score end as score,
  case
    when is_split_otherwise
      then
        'their gross amounts are equal, but net differs by ' || {{ money_words('net_residual_minor', 'currency_code') }}
        || ' and tax by ' || {{ money_words('tax_residual_minor', 'currency_code') }}
    else reason
  end as reason
from judged
