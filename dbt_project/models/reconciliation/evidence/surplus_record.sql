-- One row per record that is there once too often: a repeated key with other content, an invoice of what was billed
-- already, a second document of one invoice, a receipt of money that was received already, a customer set up twice.
with calendar as (
  select * from {{ ref('entity_period') }}
),

conflicts as (
  select
    source_instance,
    domain || '.' || object as object,
    key_text as key,
    count(*) as copy_count
  from {{ source('landed', 'conflicts') }}
  where kind = 'conflict' and key_text is not null
  group by source_instance, domain, object, key_text
),

event_copies as (
  select
    repeats.source_instance,
    repeats.event_id,
    min(repeats.subscription_id) as subscription_id,
    cast(sum(repeats.quantity) as decimal(38, 9)) as quantity
  from {{ ref('usage_repeat') }} as repeats
  where repeats.copy_number > 1 and not repeats.is_equal_copy
  group by repeats.source_instance, repeats.event_id
),

repeated_keys as (
  select
    conflicts.source_instance,
    conflicts.object,
    conflicts.key,
    case
      when conflicts.object like 'product.%' then 'A04'
      when conflicts.object in ('erp.cash_receipts', 'erp.cash_applications', 'billing.payments') then 'D07'
      when conflicts.object like '%.customers' or conflicts.object = 'crm.accounts' then 'duplicate'
      when conflicts.object like 'erp.%' then 'C05'
      else 'B11'
    end as cause_code,
    cast(null as {{ dbt.type_string() }}) as legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    cast(null as bigint) as amount_minor,
    event_copies.quantity,
    cast(null as {{ dbt.type_string() }}) as period,
    'arrived again with the same key and other content: ' || cast(conflicts.copy_count as {{ dbt.type_string() }})
    || ' further '
    || case when conflicts.copy_count = 1 then 'copy does' else 'copies do' end || ' not count'
    || case
      when event_copies.event_id is not null
        then
          ', with a quantity of ' || {{ quantity_words('event_copies.quantity') }} || ' for subscription '
          || event_copies.subscription_id
      else ''
    end as words,
    cast(null as {{ dbt.type_string() }}) as original_ref
  from conflicts
  left join event_copies
    on
      conflicts.object = 'product.usage_events'
      and event_copies.source_instance = conflicts.source_instance
      and event_copies.event_id = conflicts.key
),

-- a copy that was credited whole is surplus no more
credited as (
  select source_instance, invoice_id, sum(total_amount_minor) as amount_minor
  from {{ ref('credit_note') }}
  where is_live
  group by source_instance, invoice_id
),

surplus_invoices as (
  select
    invoices.source_instance, 'billing.invoices' as object, invoices.invoice_id as key, 'B11' as cause_code,
    invoices.legal_entity_code, invoices.customer_id, invoices.currency_code,
    invoices.total_amount_minor as amount_minor, cast(null as decimal(38, 9)) as quantity,
    {{ period_of('calendar.period', 'invoices.issue_date') }} as period,
    'bills the same services as ' || invoices.is_duplicate_of || ' once more, over '
    || {{ money_words('invoices.total_amount_minor', 'invoices.currency_code') }} as words,
    'invoice:' || invoices.is_duplicate_of as original_ref
  from {{ ref('invoice') }} as invoices
  left join credited
    on credited.source_instance = invoices.source_instance and credited.invoice_id = invoices.invoice_id
  left join calendar
    on
      calendar.source_instance = invoices.source_instance
      and calendar.legal_entity_code = invoices.legal_entity_code
      and invoices.issue_date between calendar.first_date and calendar.last_date
  where
    invoices.is_duplicate_of is not null
    and coalesce(credited.amount_minor, 0) < greatest(invoices.total_amount_minor, 1)
),

posted_again as (
  select
    postings.erp_instance, postings.document_id, postings.key, 'invoice' as external_object,
    postings.legal_entity_code, postings.billing_customer_id, postings.currency_code, postings.period,
    postings.gross_minor, originals.document_id as original_id
  from {{ ref('erp_document') }} as postings
  inner join {{ ref('invoice_posting') }} as originals
    on
      originals.source_instance = postings.source_instance
      and originals.invoice_id = postings.key
      and originals.document_id <> postings.document_id
      and originals.part_documents is null
  where postings.external_object = 'invoice' and postings.document_type = 'invoice'
  union all
  select
    erp_instance, document_id, key, 'credit_note' as external_object, legal_entity_code, billing_customer_id,
    currency_code, period, gross_minor, first_document_id as original_id
  from {{ ref('credit_memo') }}
  where document_type = 'credit_memo' and is_surplus
),

surplus_postings as (
  select
    erp_instance as source_instance, 'erp.ar_documents' as object, document_id as key, 'C05' as cause_code,
    legal_entity_code, billing_customer_id as customer_id, currency_code, gross_minor as amount_minor,
    cast(null as decimal(38, 9)) as quantity, period,
    'posts ' || replace(external_object, '_', ' ') || ' ' || key || ' once more beside document ' || original_id
    || ', over ' || {{ money_words('gross_minor', 'currency_code') }} as words,
    'ar_document:' || original_id as original_ref
  from posted_again
),

due_cash as (
  select source_instance, 'payment' as external_object, payment_id as key, currency_code, amount_minor
  from {{ ref('payment') }}
  where status = 'succeeded'
  union all
  select source_instance, 'refund' as external_object, refund_id as key, currency_code, -amount_minor as amount_minor
  from {{ ref('refund') }}
  union all
  select source_instance, 'dispute' as external_object, dispute_id as key, currency_code, -amount_minor as amount_minor
  from {{ ref('dispute') }}
),

-- what the bank moved is used up in the order of the receipts; a receipt of which nothing is left is surplus
received as (
  select
    receipts.*,
    due_cash.amount_minor as due_minor,
    abs(sum(receipts.amount_minor) over (
      partition by receipts.billing_instance, receipts.external_object, receipts.external_id, receipts.currency_code
      order by receipts.received_date, receipts.receipt_id
      rows between unbounded preceding and current row
    )) as received_minor,
    abs(sum(receipts.amount_minor) over (
      partition by receipts.billing_instance, receipts.external_object, receipts.external_id, receipts.currency_code
    )) as total_minor,
    first_value(receipts.receipt_id) over (
      partition by receipts.billing_instance, receipts.external_object, receipts.external_id, receipts.currency_code
      order by receipts.received_date, receipts.receipt_id
    ) as first_receipt_id
  from {{ ref('cash_receipt') }} as receipts
  inner join due_cash
    on
      due_cash.source_instance = receipts.billing_instance
      and due_cash.external_object = receipts.external_object
      and due_cash.key = receipts.external_id
      and due_cash.currency_code = receipts.currency_code
  where not {{ is_void_receipt('receipts.status') }}
),

surplus_receipts as (
  select
    received.source_instance, 'erp.cash_receipts' as object, received.receipt_id as key, 'D07' as cause_code,
    received.legal_entity_code, cast(null as {{ dbt.type_string() }}) as customer_id, received.currency_code,
    received.amount_minor, cast(null as decimal(38, 9)) as quantity,
    {{ period_of('calendar.period', 'received.received_date') }} as period,
    'books ' || received.external_object || ' ' || received.external_id || ' once more: '
    || {{ money_words('received.due_minor', 'received.currency_code') }}
    || ' moved at the bank and was booked by receipt ' || received.first_receipt_id as words,
    'cash_receipt:' || received.first_receipt_id as original_ref
  from received
  left join calendar
    on
      calendar.source_instance = received.source_instance
      and calendar.legal_entity_code = received.legal_entity_code
      and received.received_date between calendar.first_date and calendar.last_date
  where
    received.receipt_id <> received.first_receipt_id
    and sign(received.amount_minor) = sign(received.due_minor)
    and received.total_minor > abs(received.due_minor)
    and received.received_minor - abs(received.amount_minor) >= abs(received.due_minor)
),

customers as (
  select
    *,
    {{ letters_and_digits('tax_id') }} as tax_key,
    lower(trim(email)) as email_key
  from {{ ref('billing_customer') }}
),

customer_order as (
  select
    *,
    case
      when crm_account_id is not null
        then first_value(customer_id) over (
          partition by source_instance, legal_entity_code, crm_account_id order by created_at, customer_id
        )
      else customer_id
    end as first_of_account,
    case
      when tax_key is not null and email_key <> ''
        then first_value(customer_id) over (
          partition by source_instance, legal_entity_code, tax_key, email_key order by created_at, customer_id
        )
      else customer_id
    end as first_of_identity
  from customers
),

surplus_customers as (
  select
    source_instance, 'billing.customers' as object, customer_id as key, 'duplicate' as cause_code, legal_entity_code,
    customer_id, currency_code, cast(null as bigint) as amount_minor, cast(null as decimal(38, 9)) as quantity,
    cast(null as {{ dbt.type_string() }}) as period,
    '(' || name || ') is the same customer as '
    || case when first_of_account <> customer_id then first_of_account else first_of_identity end
    || case
      when first_of_account <> customer_id then ': both are CRM account ' || crm_account_id
      else ': both have tax id ' || tax_id || ' and e-mail ' || email_key
    end
    || ' in entity ' || legal_entity_code as words,
    'customer:' || case when first_of_account <> customer_id then first_of_account else first_of_identity end
      as original_ref
  from customer_order
  where first_of_account <> customer_id or first_of_identity <> customer_id
),

found as (
  select * from repeated_keys
  union all
  select * from surplus_invoices
  union all
  select * from surplus_postings
  union all
  select * from surplus_receipts
  union all
  select * from surplus_customers
)

select * from found
