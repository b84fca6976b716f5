-- One row per open break with the break that it goes back to, itself where it is a problem of its own: how many are
-- there? Each break has at most one origin, which comes before it in a total order, so chains end; each round doubles
-- the steps that are followed, so seven rounds reach 128.
{% set rounds = 7 %}
with opened as (
  select * from {{ ref('exception_opened') }}
),

subjects as (
  select exception_key, subject, instance, id, cast(null as bigint) as stake_minor
  from {{ ref('exception_subject_sale') }}
  union
  select exception_key, subject, instance, id, cast(null as bigint) as stake_minor
  from {{ ref('exception_subject_document') }}
  union
  select exception_key, subject, instance, id, cast(max(stake_minor) as bigint) as stake_minor
  from {{ ref('exception_subject_books') }}
  group by exception_key, subject, instance, id
),

rules as (
  {{ echo_rule_rows() }}
),

-- a rule names a finding or, by its code, all findings of a control
named as (
  select exception_key, finding as name from opened
  union
  select exception_key, code as name from opened
),

echoing as (
  select
    named.exception_key, rules.consequence_subject, rules.origin_subject, rules.origin, rules.words, subjects.instance,
    subjects.id
  from rules
  inner join named on named.name = rules.consequence
  inner join subjects
    on subjects.exception_key = named.exception_key and subjects.subject = rules.consequence_subject
),

origins as (
  select
    named.exception_key, rules.origin, rules.origin_subject, subjects.instance, subjects.id, subjects.stake_minor,
    opened.turn,
    row_number() over (
      partition by rules.origin, rules.origin_subject, subjects.instance, subjects.id order by opened.turn
    ) as place
  from (select distinct origin, origin_subject from rules) as rules
  inner join named on named.name = rules.origin
  inner join subjects
    on subjects.exception_key = named.exception_key and subjects.subject = rules.origin_subject
  inner join opened on opened.exception_key = named.exception_key
),

-- only the first of those that share a subject can be chosen: ten thousand events of one unknown tenant are no hundred
-- million pairs
candidates as (
  select
    echoing.exception_key,
    origins.exception_key as origin_key,
    echoing.consequence_subject as subject,
    echoing.words,
    origins.turn,
    coalesce(case when echoing.consequence_subject = 'books' then origins.stake_minor end, 0) as stake_minor
  from echoing
  inner join origins
    on
      origins.origin = echoing.origin
      and origins.origin_subject = echoing.origin_subject
      and origins.instance = echoing.instance
      and origins.id = echoing.id
  inner join opened on opened.exception_key = echoing.exception_key
  where origins.turn < opened.turn and (origins.place = 1 or origins.origin_subject = 'books')
),

-- one origin may be reached by several rules
distinct_candidates as (
  select exception_key, subject, origin_key, turn, max(stake_minor) as stake_minor, min(words) as words
  from candidates
  group by exception_key, subject, origin_key, turn
),

weighed as (
  select
    *,
    sum(stake_minor) over (partition by exception_key, subject) as together_minor
  from distinct_candidates
),

-- a difference in a sum is explained only by findings that are large enough together, first by the one nearest in
-- amount: else it stays a problem of its own
chosen as (
  select
    weighed.exception_key,
    weighed.origin_key,
    weighed.words,
    row_number() over (
      partition by weighed.exception_key
      order by
        case
          when weighed.subject = 'books' then abs(weighed.stake_minor - abs(coalesce(opened.delta_minor, 0)))
          else -1
        end,
        weighed.turn,
        weighed.subject
    ) as choice
  from weighed
  inner join opened on opened.exception_key = weighed.exception_key
  where weighed.subject <> 'books' or weighed.together_minor >= abs(coalesce(opened.delta_minor, 0))
),

step_0 as (
  select
    opened.exception_key,
    coalesce(chosen.origin_key, opened.exception_key) as origin_key
  from opened
  left join chosen on chosen.exception_key = opened.exception_key and chosen.choice = 1
),

{% for round in range(1, rounds + 1) %}
step_{{ round }} as (
  select near.exception_key, far.origin_key
  from step_{{ round - 1 }} as near
  inner join step_{{ round - 1 }} as far on far.exception_key = near.origin_key
),

{% endfor %}
final as (
  select
    opened.exception_key,
    resolved.origin_key as root_exception_key,
    roots.code as root_code,
    roots.match_key as root_match_key,
    chosen.words
  from opened
  inner join step_{{ rounds }} as resolved on resolved.exception_key = opened.exception_key
  inner join opened as roots on roots.exception_key = resolved.origin_key
  left join chosen on chosen.exception_key = opened.exception_key and chosen.choice = 1
)

select
  exception_key,
  root_exception_key,
  case
    when root_exception_key <> exception_key
      then 'Consequence of ' || root_code || ' ' || root_match_key || ': ' || words
  end as root_reason
from final
