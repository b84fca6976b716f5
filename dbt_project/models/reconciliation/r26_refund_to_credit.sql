-- One row per refund: does a credit note stand behind it, and did the ERP pay the same amount out? Money that the
-- customer paid too much goes back without a credit; anything else given back without one is still owed.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

refunds as (
  select
    *,
    not {{ is_unpaid_refund('status') }} as is_done
  from {{ ref('refund') }}
),

payments as (
  select * from {{ ref('payment') }} where status = 'succeeded'
),

credit_notes as (
  select * from {{ ref('credit_note') }}
),

cash_out as (
  select
    billing_instance as source_instance,
    external_id as refund_id,
    currency_code,
    cast(-sum(amount_minor) as bigint) as amount_minor,
    {{ joined_text('receipt_id', ', ') }} as receipt_ids
  from {{ ref('cash_receipt') }}
  where external_object = 'refund' and not {{ is_void_receipt('status') }}
  group by billing_instance, external_id, currency_code
),

-- what an invoice got beyond what it still asked for after its credits, in its own currency: nobody says what another
-- one pays of it. Refunds of those credits are taken out of it
paid_by_invoice as (
  select source_instance, invoice_id, currency_code, sum(amount_minor) as amount_minor
  from payments
  where invoice_id is not null
  group by source_instance, invoice_id, currency_code
),

credited_by_invoice as (
  select source_instance, invoice_id, currency_code, sum(total_amount_minor) as amount_minor
  from credit_notes
  where is_live
  group by source_instance, invoice_id, currency_code
),

refunded_by_invoice as (
  select source_instance, invoice_id, currency_code, sum(amount_minor) as amount_minor
  from refunds
  where is_done and credit_note_id is not null and invoice_id is not null
  group by source_instance, invoice_id, currency_code
),

overpaid as (
  select
    invoices.source_instance,
    invoices.invoice_id,
    invoices.currency_code,
    paid.amount_minor
    - case when invoices.is_live then invoices.total_amount_minor - coalesce(credited.amount_minor, 0) else 0 end
    - coalesce(refunded.amount_minor, 0) as over_minor
  from {{ ref('invoice') }} as invoices
  inner join paid_by_invoice as paid
    on
      paid.source_instance = invoices.source_instance
      and paid.invoice_id = invoices.invoice_id
      and paid.currency_code = invoices.currency_code
  left join credited_by_invoice as credited
    on
      credited.source_instance = invoices.source_instance
      and credited.invoice_id = invoices.invoice_id
      and credited.currency_code = invoices.currency_code
  left join refunded_by_invoice as refunded
    on
      refunded.source_instance = invoices.source_instance
      and refunded.invoice_id = invoices.invoice_id
      and refunded.currency_code = invoices.currency_code
),

applied as (
  select source_instance, receipt_id, sum(amount_minor) as amount_minor
  from {{ ref('cash_application') }}
  group by source_instance, receipt_id
),

-- money of a payment that the ERP never applied to a document
unapplied as (
  select
    receipts.billing_instance as source_instance,
    receipts.external_id as payment_id,
    receipts.currency_code,
    sum(receipts.amount_minor - coalesce(applied.amount_minor, 0)) as over_minor
  from {{ ref('cash_receipt') }} as receipts
  left join applied
    on applied.source_instance = receipts.source_instance and applied.receipt_id = receipts.receipt_id
  where receipts.external_object = 'payment' and not {{ is_void_receipt('receipts.status') }}
  group by receipts.billing_instance, receipts.external_id, receipts.currency_code
),

supported as (
  select
    refunds.*,
    case
      when refunds.credit_note_id is null then 'none'
      when credit_notes.credit_note_id is null then 'unknown'
      when not credit_notes.is_live then 'void'
      when credit_notes.currency_code <> refunds.currency_code then 'currency'
      when credit_notes.customer_id <> refunds.customer_id then 'customer'
      else 'credit'
    end as support,
    credit_notes.total_amount_minor as credit_minor,
    credit_notes.customer_id as credit_customer_id,
    credit_notes.currency_code as credit_currency_code,
    greatest(coalesce(overpaid.over_minor, 0), coalesce(unapplied.over_minor, 0), 0) as over_minor
  from refunds
  left join credit_notes
    on
      credit_notes.source_instance = refunds.source_instance and credit_notes.credit_note_id = refunds.credit_note_id
  left join overpaid
    on
      overpaid.source_instance = refunds.source_instance
      and overpaid.invoice_id = refunds.invoice_id
      and overpaid.currency_code = refunds.currency_code
  left join unapplied
    on
      unapplied.source_instance = refunds.source_instance
      and unapplied.payment_id = refunds.payment_id
      and unapplied.currency_code = refunds.currency_code
),

-- several refunds of one credit, or of one overpayment, share it in the order in which they were made
shared as (
  select
    *,
    case when support = 'credit' then credit_minor when support = 'none' then over_minor else 0 end
    - coalesce(sum(case when is_done then amount_minor else 0 end) over (
      partition by
        source_instance, support,
        case support when 'credit' then credit_note_id when 'none' then coalesce(invoice_id, payment_id) end,
        currency_code
      order by created_at, refund_id
      rows between unbounded preceding and 1 preceding
    ), 0) as left_of_support_minor
  from supported
),

covered as (
  select
    *,
    cast(greatest(least(amount_minor, left_of_support_minor), 0) as bigint) as covered_minor
  from shared
),

paired as (
  select
    covered.*,
    cash_out.amount_minor as cash_minor,
    cash_out.receipt_ids,
    {{ period_of('calendar.period', 'covered.created_at') }} as period,
    {{ add_business_days('covered.created_at', 'parameters.cash_business_days') }} as due_at,
    coalesce(own_key.reason, any_key.reason) as untested_reason,
    case
      when not covered.is_done then 'not_done'
      when covered.covered_minor = 0 then 'uncredited'
      when covered.covered_minor < covered.amount_minor then 'partly'
      when cash_out.refund_id is null then 'no_cash'
      when cash_out.amount_minor <> covered.amount_minor then 'cash'
      else 'same'
    end as finding
  from covered
  cross join parameters
  left join cash_out
    on
      cash_out.source_instance = covered.source_instance
      and cash_out.refund_id = covered.refund_id
      and cash_out.currency_code = covered.currency_code
  left join {{ ref('entity_period') }} as calendar
    on
      calendar.source_instance = covered.erp_instance
      and calendar.legal_entity_code = covered.legal_entity_code
      and {{ utc_date('covered.created_at') }} between calendar.first_date and calendar.last_date
  left join {{ ref('give_back_not_testable') }} as own_key
    on
      own_key.source_instance = covered.source_instance
      and own_key.key = covered.refund_id
      and own_key.kind = 'refund'
  left join {{ ref('give_back_not_testable') }} as any_key
    on any_key.source_instance = covered.source_instance and any_key.key is null and any_key.kind = 'refund'
  where covered.is_done or coalesce(cash_out.amount_minor, 0) <> 0
),

compared as (
  select
    source_instance,
    refund_id as match_key,
    legal_entity_code,
    customer_id,
    currency_code,
    period,
    case when finding = 'not_done' then 0 else amount_minor end as left_value,
    case
      when finding in ('uncredited', 'partly') then covered_minor
      else cash_minor
    end as right_value,
    case
      when finding = 'not_done' then -cash_minor
      when finding in ('uncredited', 'partly') then amount_minor - covered_minor
      else amount_minor - coalesce(cash_minor, 0)
    end as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    finding <> 'same' as has_fault,
    'D08' as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    'Refund ' || refund_id || ' of ' || {{ money_words('amount_minor', 'currency_code') }}
    || ' on payment ' || payment_id
    || case finding
      when 'not_done'
        then
          ' is ' || status || ', but the ERP paid out ' || {{ money_words('cash_minor', 'currency_code') }}
          || ' by ' || {{ listed('receipt_ids', 'receipt') }}
      when 'uncredited'
        then case support
          when 'none' then ' names no credit note, and nothing was paid too much: the customer owes it again'
          when 'unknown' then ' names credit note ' || credit_note_id || ', which billing does not have'
          when 'void' then ' names credit note ' || credit_note_id || ', which is void'
          when 'currency'
            then ' names credit note ' || credit_note_id || ', which is in ' || credit_currency_code
          when 'customer'
            then ' names credit note ' || credit_note_id || ' of another customer, ' || credit_customer_id
          else
            ' names credit note ' || credit_note_id || ' over ' || {{ money_words('credit_minor', 'currency_code') }}
            || ', which earlier refunds have used up'
        end
      when 'partly'
        then
          ' exceeds its '
          || case when support = 'credit' then 'credit note ' || credit_note_id else 'overpayment' end
          || ', of which ' || {{ money_words('covered_minor', 'currency_code') }} || ' was left: '
          || {{ money_words('amount_minor - covered_minor', 'currency_code') }} || ' is given back without a reason'
      when 'no_cash' then ' was never paid out in the ERP in its currency'
      else
        ' is booked as ' || {{ money_words('cash_minor', 'currency_code') }} || ' paid out by '
        || {{ listed('receipt_ids', 'receipt') }}
    end as reason,
    'Not tested: ' || untested_reason as not_testable_reason,
    'refund:' || refund_id as left_ref,
    coalesce('credit_note:' || credit_note_id, 'cash_receipt:' || receipt_ids) as right_ref,
    due_at
  from paired

  union all

  select
    {{ untested_columns(
      'unknown.source_instance', 'unknown.key', 'unknown.reason', left_ref="'refund:' || unknown.key"
    ) }}
  from {{ ref('give_back_not_testable') }} as unknown
  left join refunds on refunds.source_instance = unknown.source_instance and refunds.refund_id = unknown.key
  where unknown.kind = 'refund' and unknown.is_own_record and unknown.key is not null and refunds.refund_id is null
)
{{ reconcile('compared', code='R26', tolerance='T0', domains=['billing', 'erp']) }}
