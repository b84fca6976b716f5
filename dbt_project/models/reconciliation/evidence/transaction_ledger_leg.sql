-- One row per business transaction that opened something: does the ERP carry it? Its leg is the document with the
-- transaction's id, and for yearly contracts the schedule of the version; due when the period of the first invoice soft
-- closes. Before the first invoice nothing belongs in the ERP.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

transactions as (
  select distinct source_instance, business_transaction_id, contract_id, version
  from {{ ref('transaction_change') }}
),

subscriptions as (
  select * from {{ ref('subscription') }}
),

opened_items as (
  select
    subscriptions.crm_instance,
    items.source_instance,
    items.item_id,
    items.business_transaction_id
  from {{ ref('subscription_item') }} as items
  inner join subscriptions
    on
      subscriptions.source_instance = items.source_instance
      and subscriptions.subscription_id = items.subscription_id
  where items.business_transaction_id is not null
),

billed as (
  select
    opened_items.crm_instance, opened_items.business_transaction_id, lines.source_instance, lines.invoice_id,
    lines.finalized_at
  from {{ ref('invoice_line') }} as lines
  inner join opened_items
    on opened_items.source_instance = lines.source_instance and opened_items.item_id = lines.item_id
  where lines.invoice_is_live
),

first_invoices as (
  select * from billed
  qualify
    row_number() over (
      partition by crm_instance, business_transaction_id order by finalized_at, source_instance, invoice_id
    ) = 1
),

documents as (
  select * from {{ ref('ar_document') }}
),

carried as (
  select
    links.linked_instance as crm_instance,
    documents.correlation_id as business_transaction_id,
    {{ joined_text('documents.document_id', ', ') }} as document_ids,
    min(documents.created_at) as created_at
  from documents
  inner join {{ source('config', 'instance_links') }} as links
    on links.source_instance = coalesce(documents.billing_instance, documents.source_instance) and links.domain = 'crm'
  where documents.correlation_id is not null
  group by links.linked_instance, documents.correlation_id
),

deferred as (
  select lines.source_instance, lines.document_id, lines.billing_instance, lines.external_id
  from {{ ref('ar_document_line') }} as lines
  inner join {{ ref('gl_account') }} as accounts
    on accounts.source_instance = lines.source_instance and accounts.account_number = lines.account_number
  where
    accounts.control = 'deferred_revenue'
    and lines.external_object = 'invoice'
    and lines.document_status <> 'reversed'
  group by lines.source_instance, lines.document_id, lines.billing_instance, lines.external_id
),

yearly as (
  select distinct crm_instance, contract_id
  from subscriptions
  where billing_interval = 'year' and contract_id is not null
),

schedules as (
  select crm_instance, contract_id, max(contract_version) as newest_version
  from {{ ref('revenue_schedule') }}
  where status <> 'reversed'
  group by crm_instance, contract_id
),

periods as (
  select * from {{ ref('accounting_period') }}
),

placed as (
  select
    transactions.source_instance,
    transactions.business_transaction_id,
    transactions.contract_id,
    transactions.version,
    first_invoices.invoice_id,
    carried.document_ids,
    carried.created_at,
    yearly.contract_id is not null and deferred.document_id is not null as needs_schedule,
    coalesce(schedules.newest_version >= transactions.version, false) as has_schedule,
    -- of an open period only that it has not closed is known: its leg is not due at as_of
    case
      when periods.status in ('soft_closed', 'hard_closed')
        then coalesce(periods.closed_at, cast({{ add_days('periods.end_date', 1) }} as timestamp))
      when first_invoices.invoice_id is not null
        then
          greatest(
            coalesce(
              cast({{ add_days('periods.end_date', 1) }} as timestamp), {{ add_hours('parameters.as_of', 24) }}
            ),
            {{ add_hours('parameters.as_of', 24) }}
          )
    end as closes_at
  from transactions
  cross join parameters
  left join first_invoices
    on
      first_invoices.crm_instance = transactions.source_instance
      and first_invoices.business_transaction_id = transactions.business_transaction_id
  left join carried
    on
      carried.crm_instance = transactions.source_instance
      and carried.business_transaction_id = transactions.business_transaction_id
  left join deferred
    on
      deferred.billing_instance = first_invoices.source_instance
      and deferred.external_id = first_invoices.invoice_id
  left join {{ ref('posting_policy') }} as policy
    on
      policy.source_instance = first_invoices.source_instance
      and policy.key = first_invoices.invoice_id
      and policy.object = 'invoice'
  left join periods
    on
      periods.source_instance = policy.erp_instance
      and periods.legal_entity_code = policy.legal_entity_code
      and periods.period = policy.policy_period
  left join yearly
    on yearly.crm_instance = transactions.source_instance and yearly.contract_id = transactions.contract_id
  left join schedules
    on schedules.crm_instance = transactions.source_instance and schedules.contract_id = transactions.contract_id
),

-- a transaction of several versions has one leg: of the one that lacks its schedule, else of the first
ranked as (
  select
    placed.*,
    row_number() over (
      partition by placed.source_instance, placed.business_transaction_id
      order by
        case when placed.needs_schedule and not placed.has_schedule then 0 else 1 end,
        placed.contract_id,
        placed.version
    ) as place
  from placed
)

select
  source_instance,
  business_transaction_id,
  invoice_id is not null or document_ids is not null as is_needed,
  case
    when invoice_id is null and document_ids is null then 'not yet'
    when document_ids is null then 'missing'
    when needs_schedule and not has_schedule then 'no schedule'
    else 'there'
  end as finding,
  case
    when invoice_id is null and document_ids is null then 'nothing of it is billed yet'
    when document_ids is null
      then 'no document carries its id, though invoice ' || invoice_id || ' is the first to bill it'
    when needs_schedule and not has_schedule
      then
        'document ' || document_ids || ' defers revenue, and no schedule row is of version '
        || cast(version as {{ dbt.type_string() }})
  end as words,
  'ar_document:' || document_ids as document,
  created_at as occurred_at,
  closes_at
from ranked
where place = 1
