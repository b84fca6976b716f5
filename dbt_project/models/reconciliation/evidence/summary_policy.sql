-- One row per posting that names no invoice, entity and currency of what a confirmed match finds in it, invoices and
-- the credits that it is net of: in which accounting period do they belong? `amount_minor` is what of it belongs
-- elsewhere than where it is posted, null where that is the whole posting or none of it. Several postings that hold
-- theirs together are left out where these belong in several periods: nobody knows which posting holds which.
with members as (
  select
    members.purpose, members.group_id, members.source_instance, 'invoice' as kind, members.invoice_id as key,
    members.erp_instance, members.object, members.record_id, invoices.legal_entity_code, invoices.currency_code,
    invoices.total_amount_minor as amount_minor
  from {{ ref('summary_member') }} as members
  inner join {{ ref('invoice') }} as invoices
    on invoices.source_instance = members.source_instance and invoices.invoice_id = members.invoice_id
  union all
  select
    members.purpose, members.group_id, members.source_instance, 'credit_note' as kind, members.credit_note_id as key,
    members.erp_instance, members.object, members.record_id, credits.legal_entity_code, credits.currency_code,
    -credits.total_amount_minor as amount_minor
  from {{ ref('summary_credit') }} as members
  inner join {{ ref('credit_note') }} as credits
    on credits.source_instance = members.source_instance and credits.credit_note_id = members.credit_note_id
),

postings as (
  select source_instance, 'ar_document' as object, document_id as record_id, legal_entity_code, currency_code, period
  from {{ ref('ar_document') }}
  union all
  select source_instance, 'journal' as object, journal_id as record_id, legal_entity_code, currency_code, period
  from {{ ref('lone_journal') }}
),

placed as (
  select
    postings.source_instance as erp_instance,
    postings.object,
    postings.record_id,
    postings.legal_entity_code,
    postings.currency_code,
    members.purpose || '|' || members.group_id as match_group,
    members.amount_minor,
    policies.policy_period,
    policies.origin_period,
    policies.policy_date,
    policies.policy_period <> postings.period as is_elsewhere
  from members
  inner join {{ ref('posting_policy') }} as policies
    on
      policies.source_instance = members.source_instance
      and policies.object = members.kind
      and policies.key = members.key
  inner join postings
    on
      postings.source_instance = members.erp_instance
      and postings.object = members.object
      and postings.record_id = members.record_id
      and postings.legal_entity_code = members.legal_entity_code
      and postings.currency_code = members.currency_code
),

shared as (
  select purpose || '|' || group_id as match_group
  from members
  group by purpose, group_id
  having count(distinct erp_instance || '|' || object || '|' || record_id) > 1
),

judged as (
  select
    placed.erp_instance,
    placed.object,
    placed.record_id,
    placed.legal_entity_code,
    placed.currency_code,
    count(*) = count(placed.policy_period) as is_known,
    count(distinct placed.policy_period) as periods,
    count(shared.match_group) > 0 as is_shared,
    count(*) filter (where not placed.is_elsewhere) as at_home,
    count(*) filter (where placed.is_elsewhere) as elsewhere,
    cast(sum(case when placed.is_elsewhere then placed.amount_minor end) as bigint) as elsewhere_minor,
    min(case when placed.is_elsewhere then placed.policy_period end) as other_period,
    min(case when placed.is_elsewhere then placed.origin_period end) as other_origin,
    min(case when placed.is_elsewhere then placed.policy_date end) as other_date,
    min(placed.policy_period) as policy_period,
    min(placed.origin_period) as origin_period,
    min(placed.policy_date) as policy_date
  from placed
  left join shared on shared.match_group = placed.match_group
  group by
    placed.erp_instance, placed.object, placed.record_id, placed.legal_entity_code, placed.currency_code
)

select
  erp_instance,
  object,
  record_id,
  legal_entity_code,
  currency_code,
  case when is_known then case when elsewhere > 0 then other_period else policy_period end end as policy_period,
  case when elsewhere > 0 then other_origin else origin_period end as origin_period,
  case when elsewhere > 0 then other_date else policy_date end as policy_date,
  case when is_known and at_home > 0 and elsewhere > 0 then elsewhere_minor end as amount_minor
from judged
where periods = 1 or not is_shared
