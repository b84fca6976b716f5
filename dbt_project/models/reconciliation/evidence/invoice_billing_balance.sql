-- One row per finalized invoice: what is still open of it by billing's own records, and when did that last change? A
-- paid or void invoice has nothing open, whatever its payments say: that is what billing tells everybody. Of a negative
-- invoice what is owed to the customer is open, below zero; neither kind turns into the other by too much money.
{{ config(materialized='view') }}
with invoices as (
  select * from {{ ref('invoice') }}
),

refunds as (
  select * from {{ ref('refund') }} where not {{ is_unpaid_refund('status') }}
),

refunded_credits as (
  select source_instance, credit_note_id, currency_code, sum(amount_minor) as amount_minor
  from refunds
  where credit_note_id is not null
  group by source_instance, credit_note_id, currency_code
),

-- a credit that went back as money lowers nothing
credits as (
  select
    notes.source_instance,
    notes.invoice_id,
    notes.currency_code,
    sum(greatest(notes.total_amount_minor - coalesce(refunded_credits.amount_minor, 0), 0)) as amount_minor,
    max(least(
      greatest(notes.updated_at, cast(notes.issue_date as timestamp)),
      {{ add_hours('cast(notes.issue_date as timestamp)', 24) }}
    )) as changed_at
  from {{ ref('credit_note') }} as notes
  left join refunded_credits
    on
      refunded_credits.source_instance = notes.source_instance
      and refunded_credits.credit_note_id = notes.credit_note_id
      and refunded_credits.currency_code = notes.currency_code
  where notes.is_live
  group by notes.source_instance, notes.invoice_id, notes.currency_code
),

movements as (
  select source_instance, invoice_id, currency_code, amount_minor, received_at as changed_at
  from {{ ref('payment') }}
  where status = 'succeeded' and invoice_id is not null
  union all
  select source_instance, invoice_id, currency_code, -amount_minor as amount_minor, created_at as changed_at
  from refunds
  where credit_note_id is null and invoice_id is not null
  union all
  select source_instance, invoice_id, currency_code, -amount_minor as amount_minor, updated_at as changed_at
  from {{ ref('dispute') }}
  where status = 'lost' and invoice_id is not null
),

paid as (
  select
    source_instance, invoice_id, currency_code, sum(amount_minor) as amount_minor, max(changed_at) as changed_at,
    count(*) as movements
  from movements
  group by source_instance, invoice_id, currency_code
),

-- since when it has had the status that it has
standing as (
  select versions.source_instance, versions.invoice_id, min(versions.valid_from) as changed_at
  from {{ ref('invoice_version') }} as versions
  inner join invoices
    on
      invoices.source_instance = versions.source_instance
      and invoices.invoice_id = versions.invoice_id
      and invoices.status = versions.status
  group by versions.source_instance, versions.invoice_id
),

-- an invoice that is open has been so since it was issued: only money that moves opens a window
based as (
  select
    invoices.source_instance,
    invoices.invoice_id,
    case
      when invoices.status <> 'open' then coalesce(standing.changed_at, invoices.updated_at)
    end as changed_at
  from invoices
  left join standing
    on standing.source_instance = invoices.source_instance and standing.invoice_id = invoices.invoice_id
)

select
  invoices.source_instance,
  invoices.invoice_id,
  invoices.legal_entity_code,
  invoices.customer_id,
  invoices.currency_code,
  invoices.issue_date,
  invoices.erp_instance,
  invoices.status,
  invoices.total_amount_minor,
  cast(case
    when invoices.status <> 'open' then 0
    when invoices.total_amount_minor < 0
      then
        least(invoices.total_amount_minor - coalesce(credits.amount_minor, 0) - coalesce(paid.amount_minor, 0), 0)
    else
      greatest(invoices.total_amount_minor - coalesce(credits.amount_minor, 0) - coalesce(paid.amount_minor, 0), 0)
  end as bigint) as open_minor,
  coalesce(paid.movements, 0) as movements,
  greatest(
    coalesce(based.changed_at, credits.changed_at, paid.changed_at),
    coalesce(credits.changed_at, paid.changed_at, based.changed_at),
    coalesce(paid.changed_at, based.changed_at, credits.changed_at)
  ) as changed_at
from invoices
left join credits
  on
    credits.source_instance = invoices.source_instance
    and credits.invoice_id = invoices.invoice_id
    and credits.currency_code = invoices.currency_code
left join paid
  on
    paid.source_instance = invoices.source_instance
    and paid.invoice_id = invoices.invoice_id
    and paid.currency_code = invoices.currency_code
inner join based on based.source_instance = invoices.source_instance and based.invoice_id = invoices.invoice_id
where invoices.finalized_at is not null and invoices.status in ('open', 'paid', 'void')
