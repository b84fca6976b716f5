-- One row per open break with its identity and its place in the order of cause and consequence (macros/echo_rules.sql):
-- which finding could have led to which? `turn` is a total order; a consequence always comes after its origin.
with breaks as (
  select
    *,
    md5(code || '|' || source_instance || '|' || match_key || '|' || coalesce(period, '')) as exception_key,
    split_part(match_key, '|', 1) as part_1,
    split_part(match_key, '|', 2) as part_2,
    split_part(match_key, '|', 3) as part_3,
    split_part(match_key, '|', 4) as part_4,
    substr(match_key, length(split_part(match_key, '|', 1)) + 2) as after_part_1
  from {{ ref('reconciliation_results') }}
  where status = 'break'
),

findings as (
  {{ echo_finding_rows() }}
),

-- the contracts that billing disagrees with, and those whose schedule was not rebuilt
contracts as (
  select
    links.linked_instance as crm_instance,
    breaks.part_1 as contract_id,
    count(*) filter (where breaks.code = 'R09') as with_billing,
    count(*) filter (where breaks.code = 'R30') as with_schedule
  from breaks
  inner join {{ source('config', 'instance_links') }} as links
    on links.source_instance = breaks.source_instance and links.domain = 'crm'
  where breaks.code in ('R09', 'R30')
  group by links.linked_instance, breaks.part_1
),

-- an amendment that billing knows, while the schedule is not rebuilt, lacks only its leg in the ledger
ledger_only as (
  select distinct breaks.exception_key
  from breaks
  inner join {{ ref('contract_version') }} as versions
    on versions.source_instance = breaks.source_instance and versions.business_transaction_id = breaks.match_key
  inner join contracts
    on contracts.crm_instance = versions.source_instance and contracts.contract_id = versions.contract_id
  where breaks.code = 'R10' and contracts.with_billing = 0 and contracts.with_schedule > 0
),

told_apart as (
  select
    breaks.*,
    case when ledger_only.exception_key is not null then 'ledger' else breaks.cause_code end as told_by
  from breaks
  left join ledger_only on ledger_only.exception_key = breaks.exception_key
),

placed as (
  select
    told_apart.*,
    coalesce(exact.finding, general.finding, told_apart.code) as finding,
    -- a control that the list does not know comes last: it may be nothing's origin
    coalesce(exact.place, general.place, 1000) as place
  from told_apart
  left join findings as exact on exact.code = told_apart.code and exact.cause_code = told_apart.told_by
  left join findings as general on general.code = told_apart.code and general.cause_code is null
)

select
  exception_key,
  code,
  source_instance,
  match_key,
  part_1,
  part_2,
  part_3,
  part_4,
  after_part_1,
  finding,
  place,
  legal_entity_code,
  customer_id,
  currency_code,
  period,
  delta_minor,
  delta_quantity,
  cause_code,
  failure_class,
  reason,
  left_ref,
  right_ref,
  row_number() over (
    order by
      place asc,
      -- the first month of a difference that is carried forward is its origin
      case when code in ('R07', 'R31', 'R33') then coalesce(period, '') else '' end asc,
      -- whom the events were taken from, before whom they were given to
      case when code in ('R03', 'R04') and delta_quantity < 0 then 1 else 0 end asc,
      abs(coalesce(delta_minor, 0)) desc,
      coalesce(delta_minor, 0) desc,
      match_key asc,
      source_instance asc,
      coalesce(period, '') asc
  ) as turn
from placed
