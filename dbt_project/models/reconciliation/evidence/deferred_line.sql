-- One row per billed line that the ERP carries as deferred revenue, on a document that stands: which contract and
-- product is it of, and how much of it is left after credits? The line's own amount, because a document of another
-- amount is R14's. A summary does not show its lines: there the posting rule says which of them are deferred.
{{ config(materialized='view') }}
with deferred_accounts as (
  select source_instance, account_number
  from {{ ref('gl_account') }}
  where control = 'deferred_revenue'
),

posted_lines as (
  select
    document_lines.source_instance,
    document_lines.billing_instance,
    document_lines.source_line_id,
    min(document_lines.document_id) as document_id,
    min(document_lines.period) as period,
    min(document_lines.legal_entity_code) as legal_entity_code
  from {{ ref('ar_document_line') }} as document_lines
  inner join deferred_accounts
    on
      deferred_accounts.source_instance = document_lines.source_instance
      and deferred_accounts.account_number = document_lines.account_number
  where
    document_lines.document_type = 'invoice'
    and document_lines.document_status <> 'reversed'
    and document_lines.external_object = 'invoice'
    and document_lines.source_line_id is not null
  group by document_lines.source_instance, document_lines.billing_instance, document_lines.source_line_id
),

-- recurring service that goes on after the accounting period of its posting
summarised_lines as (
  select
    postings.erp_instance as source_instance,
    postings.source_instance as billing_instance,
    lines.line_id as source_line_id,
    coalesce(postings.document_id, postings.journal_id) as document_id,
    postings.period,
    postings.legal_entity_code
  from {{ ref('summary_posting') }} as postings
  inner join {{ ref('invoice_line') }} as lines
    on lines.source_instance = postings.source_instance and lines.invoice_id = postings.invoice_id
  inner join {{ ref('accounting_period') }} as calendar
    on
      calendar.source_instance = postings.erp_instance
      and calendar.legal_entity_code = postings.legal_entity_code
      and calendar.period = postings.period
  where lines.kind = 'recurring' and lines.service_end > {{ add_days('calendar.end_date', 1) }}
),

posted as (
  select * from posted_lines
  union all
  select * from summarised_lines
),

credits as (
  select source_instance, invoice_line_id, sum(amount_minor) as amount_minor
  from {{ ref('credit_note_line') }}
  where credit_note_is_live and invoice_line_id is not null
  group by source_instance, invoice_line_id
)

select
  posted.source_instance,
  posted.billing_instance,
  lines.line_id,
  subscriptions.contract_id,
  subscriptions.crm_instance,
  lines.subscription_id,
  lines.sku,
  lines.kind,
  posted.document_id,
  posted.period,
  posted.legal_entity_code,
  lines.customer_id,
  lines.currency_code,
  lines.service_start,
  lines.service_end,
  cast(lines.amount_minor - coalesce(credits.amount_minor, 0) as bigint) as amount_minor
from posted
inner join {{ ref('invoice_line') }} as lines
  on lines.source_instance = posted.billing_instance and lines.line_id = posted.source_line_id
inner join {{ ref('subscription') }} as subscriptions
  on
    subscriptions.source_instance = posted.billing_instance and subscriptions.subscription_id = lines.subscription_id
left join credits
  on credits.source_instance = posted.billing_instance and credits.invoice_line_id = lines.line_id
where subscriptions.contract_id is not null
