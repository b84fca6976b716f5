-- If this fails, one record explains a leg twice: the same invoice line or posting would be counted under two causes.
-- What is not settled on a document's line is partitioned, so there a line is claimed once per cause. Two ERPs may use
-- the same ids, but never for one entity.
{{ config(meta={"dagster": {"ref": {"name": "bridge_claim"}}}) }}
with claims as (
  select
    *,
    cast(null as {{ dbt.type_string() }}) as any_cause
  from {{ ref('bridge_claim') }}
  where amount_minor <> 0
),

records as (
  select source_instance, legal_entity_code, leg, any_cause as cause_code, right_ref as record
  from claims
  where leg = 'B' and right_ref is not null
  union all
  select source_instance, legal_entity_code, leg, any_cause as cause_code, left_ref as record
  from claims
  where leg = 'C' and left_ref is not null
  union all
  select source_instance, legal_entity_code, leg, any_cause as cause_code, right_ref as record
  from claims
  where leg = 'C' and right_ref is not null
  union all
  select source_instance, legal_entity_code, leg, cause_code, left_ref as record
  from claims
  where leg = 'D' and left_ref is not null
)

select source_instance, legal_entity_code, leg, cause_code, record, count(*) as claims
from records
group by source_instance, legal_entity_code, leg, cause_code, record
having count(*) > 1
