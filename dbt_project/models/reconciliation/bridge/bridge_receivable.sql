-- One row per receivable document that may be open, an invoice or what is left of a credit memo: what does it owe, what
-- has cash settled of it, and what do refunds, write-offs, disputes and the ERP's own open amount say about the rest?
-- Gross, in the document's own direction (a memo's amounts are positive, and those of a negative invoice, whose
-- `direction` is -1).
with lines as (
  select * from {{ ref('bridge_document_line') }}
),

credits as (
  select * from {{ ref('bridge_credit_line') }}
),

headers as (
  select * from {{ ref('ar_document') }}
),

crosswalk as (
  select * from {{ ref('erp_customer') }}
),

cash as (
  select
    applications.source_instance,
    applications.document_id,
    sum(case when applications.is_other_currency then 0 else applications.amount_minor end) as applied_minor,
    sum(case when applications.is_void and not applications.is_other_currency then applications.amount_minor else 0 end)
      as void_minor,
    sum(
      case
        when
          applications.amount_minor < 0
          and coalesce(receipts.external_object, 'refund') <> 'payment'
          and not applications.is_other_currency
          and not applications.is_void
          then -applications.amount_minor
        else 0
      end
    ) as reopened_minor,
    max(case when applications.is_other_currency then 1 else 0 end) = 1 as has_other_currency
  from {{ ref('document_application') }} as applications
  left join {{ ref('cash_receipt') }} as receipts
    on receipts.source_instance = applications.source_instance and receipts.receipt_id = applications.receipt_id
  group by applications.source_instance, applications.document_id
),

-- a journal on the receivable that names the document and takes it off without cash is a write-off
written_off as (
  select
    journals.source_instance,
    journals.document_id,
    sum(journals.credit_minor - journals.debit_minor) as amount_minor
  from {{ ref('journal_line') }} as journals
  inner join {{ ref('gl_account') }} as accounts
    on
      accounts.source_instance = journals.source_instance
      and accounts.account_number = journals.account_number
      and accounts.control = 'receivable'
  where journals.source = 'manual' and journals.document_id is not null and journals.reversal_of is null
  group by journals.source_instance, journals.document_id
),

disputed as (
  select source_instance, invoice_id, sum(amount_minor) as amount_minor
  from {{ ref('dispute') }}
  where status = 'open' and invoice_id is not null
  group by source_instance, invoice_id
),

-- an invoice that billing calls paid although less was paid and credited than it asks for was accepted short
paid as (
  select source_instance, invoice_id, sum(amount_minor) as paid_minor
  from {{ ref('payment') }}
  where status = 'succeeded' and invoice_id is not null
  group by source_instance, invoice_id
),

credited_notes as (
  select source_instance, invoice_id, sum(total_amount_minor) as credited_minor
  from {{ ref('credit_note') }}
  where is_live
  group by source_instance, invoice_id
),

invoices as (
  select
    documents.*,
    case
      when documents.status = 'paid'
        then greatest(
          documents.total_amount_minor - paid.paid_minor - coalesce(credited_notes.credited_minor, 0), 0
        )
    end as accepted_short_minor
  from {{ ref('invoice') }} as documents
  left join paid on paid.source_instance = documents.source_instance and paid.invoice_id = documents.invoice_id
  left join credited_notes
    on
      credited_notes.source_instance = documents.source_instance
      and credited_notes.invoice_id = documents.invoice_id
),

lowered as (
  select erp_instance, own_document_id as document_id, sum(left_net_minor + left_tax_minor) as credited_minor
  from credits
  where lowered_line_id is not null
  group by erp_instance, own_document_id
),

-- a credit whose line stands in no line of its invoice lowers the invoice as a whole
own_unplaced as (
  select erp_instance, own_document_id as document_id, sum(left_net_minor + left_tax_minor) as unplaced_minor
  from credits
  where lowered_line_id is null and own_document_id is not null and not is_elsewhere
  group by erp_instance, own_document_id
),

owing as (
  select
    lines.erp_instance,
    lines.document_id,
    'invoice' as side,
    cast(sum(lines.net_minor + lines.tax_minor) as bigint) as issued_minor,
    count(*) as line_count,
    case when sum(lines.net_minor + lines.tax_minor) < 0 then -1 else 1 end as direction,
    cast(null as bigint) as elsewhere_minor,
    cast(null as bigint) as unplaced_minor
  from lines
  where lines.document_type = 'invoice'
  group by lines.erp_instance, lines.document_id

  union all

  select
    erp_instance,
    document_id,
    'memo' as side,
    cast(sum(left_net_minor + left_tax_minor) as bigint) as issued_minor,
    count(*) as line_count,
    1 as direction,
    cast(max(case when is_elsewhere or own_document_id is null then used_minor else 0 end) as bigint)
      as elsewhere_minor,
    cast(
      sum(case when own_document_id is not null and not is_elsewhere then left_net_minor + left_tax_minor else 0 end)
      as bigint
    ) as unplaced_minor
  from credits
  where lowered_line_id is null
  group by erp_instance, document_id
),

paired as (
  select
    owing.erp_instance,
    owing.document_id,
    owing.side,
    owing.line_count,
    owing.direction,
    headers.legal_entity_code,
    headers.currency_code,
    headers.erp_customer_id,
    owing.direction * (owing.issued_minor - coalesce(lowered.credited_minor, 0)) as owed_minor,
    case
      when owing.side = 'invoice' then owing.direction * coalesce(cash.applied_minor - cash.void_minor, 0) else 0
    end as settled_minor,
    -- money paid out on a negative invoice settles it
    case when owing.side = 'invoice' and owing.direction = 1 then coalesce(cash.reopened_minor, 0) else 0 end
      as reopened_minor,
    case
      when invoices.status = 'uncollectible' then owing.direction * owing.issued_minor
      when owing.side = 'invoice' then greatest(owing.direction * coalesce(written_off.amount_minor, 0), 0)
      else 0
    end as written_off_minor,
    coalesce(invoices.accepted_short_minor, 0) as accepted_short_minor,
    coalesce(disputed.amount_minor, 0) as disputed_minor,
    case
      when owing.side = 'memo' then owing.elsewhere_minor
      -- what the open balance is lower by than applications, of money or of none, and its own credits explain
      else greatest(
        owing.direction * (
          headers.total_amount_minor
          - coalesce(headers.open_amount_minor, 0)
          - coalesce(cash.applied_minor, 0)
          - coalesce(lowered.credited_minor, 0)
          - coalesce(own_unplaced.unplaced_minor, 0)
        ), 0
      )
    end as unexplained_minor,
    owing.side = 'invoice' and coalesce(cash.has_other_currency, false) as has_other_currency,
    coalesce(owing.unplaced_minor, owing.direction * own_unplaced.unplaced_minor, 0) as unplaced_minor,
    coalesce(
      invoices.due_date, {{ add_days('headers.document_date', 'coalesce(crosswalk.payment_terms_days, 0)') }}
    ) as due_date
  from owing
  inner join headers on headers.source_instance = owing.erp_instance and headers.document_id = owing.document_id
  left join crosswalk
    on crosswalk.source_instance = headers.source_instance and crosswalk.erp_customer_id = headers.erp_customer_id
  left join cash on cash.source_instance = owing.erp_instance and cash.document_id = owing.document_id
  left join written_off
    on written_off.source_instance = owing.erp_instance and written_off.document_id = owing.document_id
  left join lowered
    on
      owing.side = 'invoice'
      and lowered.erp_instance = owing.erp_instance
      and lowered.document_id = owing.document_id
  left join own_unplaced
    on
      owing.side = 'invoice'
      and own_unplaced.erp_instance = owing.erp_instance
      and own_unplaced.document_id = owing.document_id
  left join invoices
    on
      owing.side = 'invoice'
      and headers.external_object = 'invoice'
      and invoices.source_instance = headers.billing_instance
      and invoices.invoice_id = headers.external_id
  left join disputed
    on disputed.source_instance = invoices.source_instance and disputed.invoice_id = invoices.invoice_id
)

-- what the ERP took off for money of another currency has come in, and is not applied in the document's own
select
  erp_instance,
  document_id,
  side,
  direction,
  line_count,
  legal_entity_code,
  currency_code,
  erp_customer_id,
  owed_minor,
  settled_minor,
  reopened_minor,
  written_off_minor,
  accepted_short_minor,
  disputed_minor,
  case when has_other_currency then 0 else unexplained_minor end as unexplained_minor,
  case when has_other_currency then unexplained_minor else 0 end as other_currency_minor,
  unplaced_minor,
  due_date
from paired
