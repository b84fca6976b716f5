-- One row per standing ERP document of a credit note, the largest first: does it post what those before it left open,
-- or once more what they had posted already? A credit may be posted in parts; only a memo beyond its amount is
-- surplus, and lowers the receivable by money that nobody granted.
with memos as (
  select
    documents.*,
    credit_notes.total_amount_minor as credited_minor,
    -- a debit, or an amount in another currency, posts nothing of the credit
    case
      when
        documents.currency_code = credit_notes.currency_code
        and sign(documents.gross_minor) = -sign(credit_notes.total_amount_minor)
        then abs(documents.gross_minor)
      else 0
    end as posts_minor
  from {{ ref('erp_document') }} as documents
  left join {{ ref('credit_note') }} as credit_notes
    on credit_notes.source_instance = documents.source_instance and credit_notes.credit_note_id = documents.key
  where documents.external_object = 'credit_note'
),

placed as (
  select
    *,
    row_number() over credit as place,
    first_value(document_id) over credit as first_document_id,
    (sum(posts_minor) over credit) - posts_minor as before_minor
  from memos
  window credit as (
    partition by source_instance, key
    order by posts_minor desc, created_at asc, document_id asc, erp_instance asc
    rows between unbounded preceding and current row
  )
)

select
  erp_instance,
  source_instance,
  key,
  document_id,
  document_type,
  first_document_id,
  legal_entity_code,
  billing_customer_id,
  currency_code,
  period,
  tax_minor,
  gross_minor,
  original_document_id,
  is_same_billing_instance,
  place > 1 and before_minor >= coalesce(abs(credited_minor), 0) as is_surplus
from placed
