-- One row per succeeded payment: did the ERP receive it whole and once, and apply it to this payer's documents?
-- One payment may settle many documents and come in as several receipts, and one receipt may cover several payments;
-- only the sums count. A failed or pending payment has a row where the ERP holds money for it: the bank never did, or
-- does not yet. Money belongs on the account of the payer, its family, or whose invoice it names, and in their entity;
-- a payment that names somebody else's invoice and settles another has the wrong name on it.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

payments as (
  select
    *,
    case when status = 'succeeded' then amount_minor else 0 end as due_minor
  from {{ ref('payment') }}
  where status in ('succeeded', 'failed', 'pending')
),

not_testable as (
  select * from {{ ref('billing_key_not_testable') }} where kind = 'payment'
),

-- the customers of one family, in both directions
families as (
  select
    lower_accounts.billing_instance as source_instance,
    lower_accounts.customer_id,
    upper_accounts.customer_id as relative_id
  from {{ ref('account_ancestor') }} as ancestors
  inner join {{ ref('account') }} as lower_accounts on lower_accounts.account_key = ancestors.account_key
  inner join {{ ref('account') }} as upper_accounts on upper_accounts.account_key = ancestors.ancestor_key
  where lower_accounts.billing_instance = upper_accounts.billing_instance
),

relatives as (
  select source_instance, customer_id, relative_id from families
  union
  select source_instance, relative_id as customer_id, customer_id as relative_id from families
),

named as (
  select
    payments.source_instance,
    payments.payment_id,
    invoices.customer_id as debtor_id,
    invoices.legal_entity_code as debtor_entity_code
  from payments
  inner join {{ ref('invoice') }} as invoices
    on invoices.source_instance = payments.source_instance and invoices.invoice_id = payments.invoice_id
),

-- a customer may be billed by several entities, and a payment names one invoice at most
billing_entities as (
  select distinct source_instance, customer_id, legal_entity_code from {{ ref('invoice') }}
),

strays as (
  select
    payments.source_instance,
    payments.payment_id,
    payments.currency_code,
    cast(sum(receipts.amount_minor) as bigint) as stray_minor,
    {{ joined_text(
      "receipts.receipt_id || ' of ERP customer ' || receipts.erp_customer_id || ' in entity '"
      ~ " || receipts.legal_entity_code", ', '
    ) }} as stray_receipts
  from payments
  inner join {{ ref('payment_receipt') }} as receipts
    on
      receipts.source_instance = payments.source_instance
      and receipts.payment_id = payments.payment_id
      and receipts.currency_code = payments.currency_code
  left join {{ ref('erp_customer') }} as holders
    on holders.source_instance = receipts.erp_instance and holders.erp_customer_id = receipts.erp_customer_id
  left join named on named.source_instance = payments.source_instance and named.payment_id = payments.payment_id
  left join relatives
    on
      relatives.source_instance = payments.source_instance
      and relatives.customer_id = payments.customer_id
      and relatives.relative_id = holders.billing_customer_id
  left join billing_entities
    on
      billing_entities.source_instance = payments.source_instance
      and billing_entities.customer_id = payments.customer_id
      and billing_entities.legal_entity_code = receipts.legal_entity_code
  where
    not receipts.is_matched
    and relatives.relative_id is null
    and (
      (
        holders.billing_customer_id <> payments.customer_id
        and holders.billing_customer_id <> coalesce(named.debtor_id, payments.customer_id)
      )
      or (
        billing_entities.customer_id is null
        and receipts.legal_entity_code <> payments.legal_entity_code
        and receipts.legal_entity_code <> coalesce(named.debtor_entity_code, payments.legal_entity_code)
      )
    )
  group by payments.source_instance, payments.payment_id, payments.currency_code
),

misnamed as (
  select
    named.source_instance,
    named.payment_id,
    named.debtor_id
  from named
  inner join payments on payments.source_instance = named.source_instance and payments.payment_id = named.payment_id
  inner join {{ ref('payment_application') }} as settled
    on
      settled.source_instance = named.source_instance
      and settled.payment_id = named.payment_id
      and settled.names_another_invoice
  left join relatives
    on
      relatives.source_instance = named.source_instance
      and relatives.customer_id = payments.customer_id
      and relatives.relative_id = named.debtor_id
  where named.debtor_id <> payments.customer_id and relatives.relative_id is null
  group by named.source_instance, named.payment_id, named.debtor_id
),

receipts as (
  select
    source_instance,
    payment_id,
    currency_code,
    count(*) as receipt_count,
    sum(amount_minor) as received_minor,
    {{ joined_text('receipt_id', ', ') }} as receipt_ids
  from {{ ref('payment_receipt') }}
  group by source_instance, payment_id, currency_code
),

void_receipts as (
  select
    receipts.billing_instance as source_instance,
    receipts.external_id as payment_id,
    {{ joined_text('receipts.receipt_id', ', ') }} as receipt_ids,
    {{ joined_text(
      money_words('applications.amount_minor', 'applications.currency_code')
      ~ " || ' to document ' || applications.document_id", ', '
    ) }} as standing_applications
  from {{ ref('cash_receipt') }} as receipts
  left join {{ ref('document_application') }} as applications
    on
      applications.source_instance = receipts.source_instance
      and applications.receipt_id = receipts.receipt_id
      and applications.is_void
  where
    receipts.external_object = 'payment'
    and receipts.billing_instance is not null
    and {{ is_void_receipt('receipts.status') }}
  group by receipts.billing_instance, receipts.external_id
),

-- what a match of several payments and receipts moves between them; together it is nothing
shares as (
  select * from {{ ref('joint_receipt') }}
),

-- what could be its money, but nobody knows
suggestions as (
  select
    payments.source_instance,
    payments.record_id as payment_id,
    {{ joined_text('others.record_ref', ', ') }} as candidates
  from {{ ref('matches') }} as payments
  inner join {{ ref('matches') }} as others
    on
      others.group_id = payments.group_id
      and others.source_instance = payments.source_instance
      and others.purpose = payments.purpose
      and others.side = 'right'
  where payments.purpose = 'cash' and payments.status = 'suggested' and payments.side = 'left'
  group by payments.source_instance, payments.record_id
),

applications as (
  select
    source_instance,
    payment_id,
    currency_code,
    count(*) as application_count,
    sum(case when is_other_currency then 0 else amount_minor end) as applied_minor,
    sum(case when is_own_debt or is_other_currency then 0 else amount_minor end) as foreign_minor,
    sum(case when is_other_currency then amount_minor else 0 end) as other_currency_minor,
    sum(case when is_on_turned_invoice and not is_other_currency then amount_minor else 0 end) as turned_minor,
    {{ joined_text("case when is_on_turned_invoice then document_id end", ', ') }} as turned_documents,
    {{ joined_text(
      "case when not is_own_debt and not coalesce(is_other_currency, false)"
      ~ " then document_id || coalesce(' of customer ' || document_customer_id, '') end", ', '
    ) }} as foreign_documents,
    {{ joined_text(
      "case when is_other_currency then document_id || ' of '"
      ~ " || " ~ money_words('document_minor', 'document_currency_code') ~ " end", ', '
    ) }} as other_currency_documents
  from {{ ref('payment_application') }}
  group by source_instance, payment_id, currency_code
),

-- an invoice with nothing left to pay cannot take the money: what is over is an overpayment, not an unapplied receipt.
-- One that is closed though nothing was applied to it could have taken it
named_invoices as (
  select
    source_instance,
    key as invoice_id,
    sum(open_amount_minor) as open_minor,
    sum(case when is_touched then 0 else total_amount_minor end) as untouched_minor
  from (
    select
      documents.billing_instance as source_instance,
      documents.external_id as key,
      documents.open_amount_minor,
      documents.total_amount_minor,
      touched.document_id is not null as is_touched
    from {{ ref('ar_document') }} as documents
    left join (
      select source_instance, document_id from {{ ref('cash_application') }}
      union
      select source_instance, original_document_id as document_id
      from {{ ref('ar_document') }}
      where original_document_id is not null
    ) as touched
      on touched.source_instance = documents.source_instance and touched.document_id = documents.document_id
    where
      documents.external_object = 'invoice' and documents.document_type = 'invoice' and documents.status <> 'reversed'
  ) as documents
  group by source_instance, key
),

calendar as (
  select * from {{ ref('entity_period') }}
),

paired as (
  select
    payments.source_instance,
    payments.payment_id,
    payments.legal_entity_code,
    payments.customer_id,
    payments.currency_code,
    payments.due_minor as amount_minor,
    payments.status as payment_status,
    payments.fee_amount_minor,
    {{ period_of('calendar.period', 'payments.received_at') }} as period,
    {{ add_business_days('payments.received_at', 'parameters.cash_business_days') }} as due_at,
    coalesce(receipts.receipt_count, case when shares.payment_id is not null then 1 else 0 end) as receipt_count,
    cast(coalesce(receipts.received_minor, 0) + coalesce(shares.received_minor, 0) as bigint) as received_minor,
    coalesce(receipts.receipt_ids, shares.receipt_ids) as receipt_ids,
    cast(coalesce(applications.applied_minor, 0) + coalesce(shares.applied_minor, 0) as bigint) as applied_minor,
    cast(coalesce(applications.foreign_minor, 0) as bigint) as foreign_minor,
    applications.foreign_documents,
    cast(coalesce(applications.other_currency_minor, 0) as bigint) as other_currency_minor,
    applications.other_currency_documents,
    cast(coalesce(applications.turned_minor, 0) as bigint) as turned_minor,
    applications.turned_documents,
    coalesce(applications.application_count, 1) as application_count,
    named_invoices.open_minor as named_open_minor,
    coalesce(named_invoices.untouched_minor, 0) as named_untouched_minor,
    coalesce(strays.stray_minor, 0) as stray_minor,
    strays.stray_receipts,
    payments.invoice_id as named_invoice_id,
    misnamed.debtor_id,
    suggestions.candidates as suggested_refs,
    void_receipts.receipt_ids as void_receipts,
    void_receipts.standing_applications,
    messages.failure_class as message_failure_class,
    messages.words as message_words,
    coalesce(own_key.reason, any_key.reason) as key_not_testable_reason,
    least(
      greatest(coalesce(applications.application_count, 1), 1) * parameters.rounding_minor_per_component,
      parameters.rounding_minor_per_document
    ) as tolerated
  from payments
  cross join parameters
  left join receipts
    on
      receipts.source_instance = payments.source_instance
      and receipts.payment_id = payments.payment_id
      and receipts.currency_code = payments.currency_code
  left join shares on shares.source_instance = payments.source_instance and shares.payment_id = payments.payment_id
  left join strays
    on
      strays.source_instance = payments.source_instance
      and strays.payment_id = payments.payment_id
      and strays.currency_code = payments.currency_code
  left join misnamed
    on misnamed.source_instance = payments.source_instance and misnamed.payment_id = payments.payment_id
  left join void_receipts
    on void_receipts.source_instance = payments.source_instance and void_receipts.payment_id = payments.payment_id
  left join suggestions
    on suggestions.source_instance = payments.source_instance and suggestions.payment_id = payments.payment_id
  left join applications
    on
      applications.source_instance = payments.source_instance
      and applications.payment_id = payments.payment_id
      and applications.currency_code = payments.currency_code
  left join named_invoices
    on named_invoices.source_instance = payments.source_instance and named_invoices.invoice_id = payments.invoice_id
  left join calendar
    on
      calendar.source_instance = payments.erp_instance
      and calendar.legal_entity_code = payments.legal_entity_code
      and {{ utc_date('payments.received_at') }} between calendar.first_date and calendar.last_date
  left join {{ ref('message_outcome') }} as messages
    on
      messages.source_instance = payments.source_instance
      and messages.key = payments.payment_id
      and messages.document_kind = 'payment'
      and messages.status <> 'accepted'
  left join not_testable as own_key
    on own_key.source_instance = payments.source_instance and own_key.key = payments.payment_id
  left join not_testable as any_key on any_key.source_instance = payments.source_instance and any_key.key is null
  where payments.status = 'succeeded' or coalesce(receipts.received_minor, 0) <> 0
),

judged as (
  select
    *,
    case
      when payment_status in ('failed', 'pending') then payment_status
      when receipt_count = 0 then 'missing'
      when received_minor - amount_minor > tolerated then 'over'
      when amount_minor - received_minor > tolerated then 'short'
      when other_currency_minor <> 0 then 'other_currency'
      when foreign_minor <> 0 then 'misapplied'
      when stray_minor <> 0 then 'stray'
      when debtor_id is not null then 'misnamed'
      when turned_minor > 0 then 'turned'
      when applied_minor - amount_minor > tolerated then 'overapplied'
      when amount_minor - applied_minor > tolerated and amount_minor - applied_minor = fee_amount_minor then 'fee'
      when
        amount_minor - applied_minor > tolerated
        and named_open_minor = 0
        and named_untouched_minor < amount_minor - applied_minor
        then 'overpaid'
      when amount_minor - applied_minor > tolerated then 'unapplied'
      else 'same'
    end as finding
  from paired
),

compared as (
  select
    source_instance,
    payment_id as match_key,
    legal_entity_code,
    customer_id,
    currency_code,
    period,
    amount_minor as left_value,
    case
      when finding = 'missing' then null
      when finding in ('failed', 'pending', 'over', 'short') then received_minor
      when finding = 'stray' then amount_minor - stray_minor
      when finding = 'misnamed' then 0
      when finding = 'turned' then applied_minor - turned_minor
      else applied_minor - foreign_minor
    end as right_value,
    case
      when finding in ('missing', 'misnamed') then amount_minor
      when finding = 'stray' then stray_minor
      when finding = 'turned' then amount_minor - applied_minor + turned_minor
      when finding in ('failed', 'pending', 'over', 'short') then amount_minor - received_minor
      else amount_minor - applied_minor + foreign_minor
    end as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    finding <> 'same' as has_fault,
    case finding
      when 'missing' then 'D04'
      when 'failed' then 'D07'
      when 'pending' then 'D07'
      when 'stray' then 'D05'
      when 'misnamed' then 'D05'
      when 'turned' then 'D07'
      when 'over' then 'D07'
      when 'short' then 'D06'
      when 'misapplied' then 'D05'
      when 'other_currency' then 'D05'
      when 'overapplied' then 'D07'
      when 'fee' then 'D06'
      when 'overpaid' then 'D07'
      when 'unapplied' then 'D04'
      else 'D12'
    end as cause_code,
    case when finding = 'missing' then message_failure_class end as failure_class,
    'Payment ' || payment_id
    || case
      when finding in ('failed', 'pending') then ''
      else ' of ' || {{ money_words('amount_minor', 'currency_code') }}
    end
    || case finding
      when 'failed'
        then
          ' failed, but the ERP holds ' || {{ money_words('received_minor', 'currency_code') }}
          || ' for it by ' || {{ listed('receipt_ids', 'receipt') }} || ', which never reached the bank'
      when 'pending'
        then
          ' is still pending, but the ERP holds ' || {{ money_words('received_minor', 'currency_code') }}
          || ' for it by ' || {{ listed('receipt_ids', 'receipt') }} || ': the money has not arrived'
      when 'stray'
        then
          ' of customer ' || customer_id || ' in entity ' || legal_entity_code || ' is booked elsewhere with '
          || {{ money_words('stray_minor', 'currency_code') }} || ', by ' || {{ listed('stray_receipts', 'receipt') }}
      when 'misnamed'
        then
          ' of customer ' || customer_id || ' names invoice ' || named_invoice_id || ', which customer ' || debtor_id
          || ' owes, and was applied to another'
      when 'missing'
        then
          ' has no receipt in its currency in the ERP' || coalesce(': ' || message_words, '')
          || coalesce(
            ': ' || {{ listed('void_receipts', 'receipt') }} || ' of it'
            || {{ by_number('void_receipts', ' was', ' were') }} || ' taken back',
            ''
          )
          || coalesce(
            ', but ' || standing_applications || ' was not: the ERP still shows as settled what nobody paid', ''
          )
          || coalesce('; it may be in ' || suggested_refs || ', which is not certain', '')
      when 'over'
        then
          ' is booked as ' || {{ money_words('received_minor', 'currency_code') }} || ' by '
          || {{ listed('receipt_ids', 'receipt') }}
          || case when receipt_count > 1 then ', so it was received more than once' else '' end
      when 'short'
        then
          ' is booked as only ' || {{ money_words('received_minor', 'currency_code') }} || ' by '
          || {{ listed('receipt_ids', 'receipt') }} || case
            when amount_minor - received_minor = fee_amount_minor
              then
                ': the fee of '
                || {{ money_words('fee_amount_minor', 'currency_code') }} || ' was taken for a short payment'
            else ''
          end
      when 'misapplied'
        then
          ' is applied with ' || {{ money_words('foreign_minor', 'currency_code') }}
          || ' to ' || {{ listed('foreign_documents', 'document') }}
          || ', which customer ' || customer_id || ' does not owe'
      when 'other_currency'
        then
          ' is applied with ' || {{ money_words('other_currency_minor', 'currency_code') }}
          || ' to ' || {{ listed('other_currency_documents', 'document') }}
          || ', in another currency: nothing says how much of it' || ' that settles'
      when 'turned'
        then
          ' is applied with ' || {{ money_words('turned_minor', 'currency_code') }} || ' to '
          || {{ listed('turned_documents', 'credit memo') }}
          || ', as which its invoice was posted: a memo asks for nothing, so the customer is shown as owed that money'
      when 'overapplied'
        then
          ' is applied with ' || {{ money_words('applied_minor', 'currency_code') }}
          || ', more than was received'
      when 'fee'
        then
          ' is applied without the fee of ' || {{ money_words('fee_amount_minor', 'currency_code') }}
          || ', which leaves the invoice open by it'
      when 'overpaid'
        then
          ' exceeds what its invoice still owed: ' || {{ money_words('amount_minor - applied_minor', 'currency_code') }}
          || ' of ' || {{ listed('receipt_ids', 'receipt') }} || ' is left over'
      when 'unapplied'
        then
          ' is received as ' || receipt_ids || ', but '
          || {{ money_words('amount_minor - applied_minor', 'currency_code') }} || ' of it is applied to no document'
      else ' differs from its applications by ' || {{ money_words('amount_minor - applied_minor', 'currency_code') }}
    end as reason,
    'Not tested: ' || key_not_testable_reason as not_testable_reason,
    'payment:' || payment_id as left_ref,
    'cash_receipt:' || receipt_ids as right_ref,
    due_at,
    application_count as rounding_components
  from judged

  union all

  {{ unknown_records('payment', relation='payment', key='payment_id') }}
)
{{ reconcile('compared', code='R24', tolerance='T1', domains=['billing', 'erp']) }}
