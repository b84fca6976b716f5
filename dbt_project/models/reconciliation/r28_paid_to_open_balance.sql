-- One row per open, paid or void invoice that the ERP holds a document of: is the same amount still open in both? What
-- was posted with another amount (R14) and posted twice is not asked again here: of an open invoice only what was
-- settled is compared, and a paid or void one must have nothing left to pay.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

balances as (
  select * from {{ ref('invoice_billing_balance') }}
),

all_documents as (
  select
    source_instance as erp_instance, billing_instance as source_instance, external_id as invoice_id, document_id,
    legal_entity_code, currency_code, total_amount_minor, open_amount_minor
  from {{ ref('ar_document') }}
  where
    external_object = 'invoice'
    and document_type = 'invoice'
    and status <> 'reversed'
    and billing_instance is not null
),

still_open as (
  select source_instance, invoice_id
  from all_documents
  group by source_instance, invoice_id
  having sum(open_amount_minor) > 0
),

-- money on somebody else's document, or on another one of the payer while the invoice that it names is open: as the
-- bridge has it (D05)
foreign_applications as (
  select distinct
    applied.source_instance,
    applied.payment_id,
    applied.application_id,
    applied.document_id,
    case when applied.is_own_debt then ' instead' else ' of somebody else' end as whose,
    case when applied.is_own_debt then ', paid for another invoice,' else ' of somebody else' end as whose_money
  from {{ ref('payment_application') }} as applied
  left join {{ ref('payment') }} as payments
    on payments.source_instance = applied.source_instance and payments.payment_id = applied.payment_id
  left join still_open
    on still_open.source_instance = payments.source_instance and still_open.invoice_id = payments.invoice_id
  where not applied.is_own_debt or (applied.names_another_invoice and still_open.invoice_id is not null)
),

applications as (
  select
    cash.source_instance as erp_instance,
    cash.document_id,
    receipts.billing_instance,
    receipts.external_object,
    receipts.external_id as payment_id,
    cash.amount_minor,
    cash.is_other_currency,
    coalesce(cash.is_void, false) as is_void,
    cash.applied_at,
    payments.payment_id is not null and payments.invoice_id is null as is_of_several,
    foreign_applications.application_id is not null as is_foreign,
    foreign_applications.whose_money
  from {{ ref('document_application') }} as cash
  left join {{ ref('cash_receipt') }} as receipts
    on receipts.source_instance = cash.source_instance and receipts.receipt_id = cash.receipt_id
  left join {{ ref('payment') }} as payments
    on
      receipts.external_object = 'payment'
      and payments.source_instance = receipts.billing_instance
      and payments.payment_id = receipts.external_id
  left join foreign_applications
    on
      foreign_applications.source_instance = receipts.billing_instance
      and foreign_applications.payment_id = receipts.external_id
      and foreign_applications.application_id = cash.application_id
      and foreign_applications.document_id = cash.document_id
),

-- a payment of several invoices does not say how much is for which: there the ERP's word is all there is
settled as (
  select
    erp_instance,
    document_id,
    sum(
      case when is_of_several and not is_foreign and not is_other_currency and not is_void then amount_minor else 0 end
    ) as of_several_minor,
    {{ joined_text('case when is_other_currency then payment_id end', ', ') }} as other_currency_payments,
    max(case when is_foreign then 1 else 0 end) = 1 as has_foreign,
    {{ joined_text('case when is_foreign then payment_id end', ', ') }} as foreign_payments,
    max(whose_money) as whose_money,
    count(*) as applications,
    max(applied_at) as applied_at
  from applications
  group by erp_instance, document_id
),

-- where the invoice's own money went instead
misapplied as (
  select
    payments.source_instance,
    payments.invoice_id,
    {{ joined_text('foreign_applications.document_id', ', ') }} as document_ids,
    max(foreign_applications.whose) as whose,
    max(applications.applied_at) as applied_at
  from foreign_applications
  inner join {{ ref('payment') }} as payments
    on
      payments.source_instance = foreign_applications.source_instance
      and payments.payment_id = foreign_applications.payment_id
  inner join applications
    on
      applications.billing_instance = foreign_applications.source_instance
      and applications.payment_id = foreign_applications.payment_id
      and applications.document_id = foreign_applications.document_id
  where payments.invoice_id is not null
  group by payments.source_instance, payments.invoice_id
),

documents as (
  select
    all_documents.source_instance,
    all_documents.invoice_id,
    all_documents.legal_entity_code,
    all_documents.currency_code,
    sum(all_documents.open_amount_minor) as open_minor,
    sum(all_documents.total_amount_minor) as gross_minor,
    {{ joined_text('all_documents.document_id', ', ') }} as document_ids,
    sum(coalesce(settled.of_several_minor, 0)) as of_several_minor,
    {{ joined_text('settled.foreign_payments', ', ') }} as foreign_payments,
    max(settled.whose_money) as whose_money,
    {{ joined_text('settled.other_currency_payments', ', ') }} as other_currency_payments,
    sum(coalesce(settled.applications, 0)) as applications,
    max(settled.applied_at) as applied_at
  from all_documents
  left join settled
    on settled.erp_instance = all_documents.erp_instance and settled.document_id = all_documents.document_id
  group by
    all_documents.source_instance, all_documents.invoice_id, all_documents.legal_entity_code,
    all_documents.currency_code
),

paired as (
  select
    balances.source_instance,
    balances.invoice_id,
    balances.legal_entity_code,
    balances.customer_id,
    balances.currency_code,
    balances.issue_date,
    balances.erp_instance,
    balances.status,
    documents.document_ids,
    documents.foreign_payments,
    documents.whose_money,
    documents.other_currency_payments,
    misapplied.document_ids as misapplied_documents,
    misapplied.whose as whose_document,
    balances.movements + documents.applications as rounding_components,
    {{ add_business_days(
      'greatest(coalesce(balances.changed_at, documents.applied_at, misapplied.applied_at),'
      ~ ' coalesce(documents.applied_at, misapplied.applied_at, balances.changed_at),'
      ~ ' coalesce(misapplied.applied_at, balances.changed_at, documents.applied_at))', 'parameters.cash_business_days'
    ) }} as due_at,
    cast(case
      when balances.status <> 'open' then 0
      when balances.total_amount_minor < 0 then least(balances.open_minor - documents.of_several_minor, 0)
      else greatest(balances.open_minor - documents.of_several_minor, 0)
    end as bigint) as billing_open_minor,
    -- surplus copies are wholly open unless the money went to one of them
    cast(
      documents.open_minor - (documents.gross_minor - coalesce(posting.gross_minor, documents.gross_minor)) as bigint
    ) as erp_open_minor,
    case
      when balances.status = 'open'
        then balances.total_amount_minor - coalesce(posting.gross_minor, balances.total_amount_minor)
      else 0
    end as posting_delta_minor
  from balances
  cross join parameters
  inner join documents
    on
      documents.source_instance = balances.source_instance
      and documents.invoice_id = balances.invoice_id
      and documents.legal_entity_code = balances.legal_entity_code
      and documents.currency_code = balances.currency_code
  left join {{ ref('invoice_posting') }} as posting
    on posting.source_instance = balances.source_instance and posting.invoice_id = balances.invoice_id
  left join misapplied
    on misapplied.source_instance = balances.source_instance and misapplied.invoice_id = balances.invoice_id
),

compared as (
  select
    paired.source_instance,
    paired.invoice_id as match_key,
    paired.legal_entity_code,
    paired.customer_id,
    paired.currency_code,
    {{ period_of('calendar.period', 'paired.issue_date') }} as period,
    paired.billing_open_minor as left_value,
    paired.erp_open_minor as right_value,
    paired.billing_open_minor - paired.erp_open_minor - paired.posting_delta_minor as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    false as has_fault,
    case
      when coalesce(paired.misapplied_documents, paired.foreign_payments, paired.other_currency_payments) is not null
        then 'D05'
      else 'status lag'
    end as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    'Invoice ' || paired.invoice_id || ' is ' || paired.status || ' in billing with '
    || {{ money_words('paired.billing_open_minor', 'paired.currency_code') }} || ' to pay; ERP '
    || {{ listed('paired.document_ids', 'document') }}
    || {{ by_number('paired.document_ids', ' shows ', ' show ') }}
    || {{ money_words('paired.erp_open_minor', 'paired.currency_code') }} || ' open'
    || case
      when paired.misapplied_documents is not null
        then
          ': its payment is applied to ' || {{ listed('paired.misapplied_documents', 'document') }}
          || paired.whose_document
      when paired.foreign_payments is not null
        then
          ': ' || {{ listed('paired.foreign_payments', 'payment') }} || paired.whose_money
          || {{ by_number('paired.foreign_payments', ' is applied', ' are applied') }} || ' to it'
      when paired.other_currency_payments is not null
        then
          ': ' || {{ listed('paired.other_currency_payments', 'payment') }} || ' of another currency'
          || {{ by_number('paired.other_currency_payments', ' is applied', ' are applied') }} || ' to it'
      when paired.billing_open_minor - paired.posting_delta_minor < paired.erp_open_minor
        then ': billing will not ask for it any more, the ERP still does'
      else ': billing still asks for it, the ERP does not'
    end as reason,
    'Not tested: ' || coalesce(own_key.reason, any_key.reason) as not_testable_reason,
    'invoice:' || paired.invoice_id as left_ref,
    'ar_document:' || paired.document_ids as right_ref,
    paired.due_at,
    paired.rounding_components
  from paired
  left join {{ ref('entity_period') }} as calendar
    on
      calendar.source_instance = paired.erp_instance
      and calendar.legal_entity_code = paired.legal_entity_code
      and paired.issue_date between calendar.first_date and calendar.last_date
  left join {{ ref('open_balance_not_testable') }} as own_key
    on own_key.source_instance = paired.source_instance and own_key.invoice_id = paired.invoice_id
  left join {{ ref('open_balance_not_testable') }} as any_key
    on any_key.source_instance = paired.source_instance and any_key.invoice_id is null
)
{{ reconcile('compared', code='R28', tolerance='T1', domains=['billing', 'erp']) }}
