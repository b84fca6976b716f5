-- One row per ERP, legal entity, currency and accounting period: what billing invoiced net, less credits and voids, by
-- the period that each document belongs in. A void counts where the invoice was issued and against where it was
-- voided: a month between them was billed. One that was voided before it ever reached the ERP leaves nothing to post
-- and is in neither. `unplaced_documents`: how many more may be of this cell, because several ERPs have its entity.
with policy as (
  select * from {{ ref('posting_policy') }}
),

reached as (
  select billing_instance as source_instance, external_id as invoice_id
  from {{ ref('ar_document') }}
  where external_object = 'invoice'
  union
  select source_instance, key as invoice_id
  from {{ ref('message_outcome') }}
  where document_kind = 'invoice' and status = 'accepted'
),

invoices as (
  select
    invoices.*,
    invoices.status = 'void' and reached.invoice_id is not null as is_taken_back
  from {{ ref('invoice') }} as invoices
  left join reached
    on reached.source_instance = invoices.source_instance and reached.invoice_id = invoices.invoice_id
  where invoices.finalized_at is not null and invoices.status <> 'draft'
),

events as (
  select
    invoices.source_instance, policy.erp_instance, invoices.legal_entity_code, invoices.currency_code,
    coalesce(policy.policy_period, policy.origin_period) as period, policy.due_at,
    invoices.net_amount_minor as amount_minor
  from invoices
  inner join policy
    on
      policy.source_instance = invoices.source_instance
      and policy.key = invoices.invoice_id
      and policy.object = 'invoice'
  union all
  select
    invoices.source_instance, invoices.erp_instance, invoices.legal_entity_code, invoices.currency_code,
    {{ period_of('calendar.period', 'invoices.issue_date') }} as period, cast(null as timestamp) as due_at,
    invoices.net_amount_minor as amount_minor
  from invoices
  left join {{ ref('entity_period') }} as calendar
    on
      calendar.source_instance = invoices.erp_instance
      and calendar.legal_entity_code = invoices.legal_entity_code
      and invoices.issue_date between calendar.first_date and calendar.last_date
  where invoices.is_taken_back
  union all
  select
    invoices.source_instance, policy.erp_instance, invoices.legal_entity_code, invoices.currency_code,
    coalesce(policy.policy_period, policy.origin_period) as period, policy.due_at,
    -invoices.net_amount_minor as amount_minor
  from invoices
  inner join policy
    on
      policy.source_instance = invoices.source_instance
      and policy.key = invoices.invoice_id
      and policy.object = 'void'
  where invoices.is_taken_back
  union all
  select
    notes.source_instance, policy.erp_instance, notes.legal_entity_code, notes.currency_code,
    coalesce(policy.policy_period, policy.origin_period) as period, policy.due_at,
    -notes.net_amount_minor as amount_minor
  from {{ ref('credit_note') }} as notes
  inner join policy
    on
      policy.source_instance = notes.source_instance
      and policy.key = notes.credit_note_id
      and policy.object = 'credit_note'
  where notes.is_live
),

placed as (
  select
    erp_instance as source_instance, legal_entity_code, currency_code, period, due_at, amount_minor,
    0 as is_unplaced
  from events
  where erp_instance is not null
  union all
  select
    links.linked_instance as source_instance, events.legal_entity_code, events.currency_code, events.period,
    events.due_at, cast(0 as bigint) as amount_minor, 1 as is_unplaced
  from events
  inner join {{ source('config', 'instance_links') }} as links
    on links.source_instance = events.source_instance and links.domain = 'erp'
  inner join {{ ref('legal_entity') }} as entities
    on
      entities.source_instance = links.linked_instance
      and entities.legal_entity_code = events.legal_entity_code
  where events.erp_instance is null
)

select
  source_instance,
  legal_entity_code,
  currency_code,
  period,
  {{ whole_sum('amount_minor') }} as billed_minor,
  max(due_at) as due_at,
  sum(is_unplaced) as unplaced_documents
from placed
group by source_instance, legal_entity_code, currency_code, period
