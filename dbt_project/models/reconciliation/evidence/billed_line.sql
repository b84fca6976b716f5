-- One row per line of a live invoice with its billing month: what counts as billed? A line of an invoice that was
-- issued twice (R13's) or replaced by a later live one is marked, because its quantity was billed once, not twice; so
-- is a line that a credit took back whole and another line of the same service stands for. `kind` is that of the
-- product: by another one (`stated_kind`, R06's) its price and its interval would be sought where nothing was agreed.
with lines as (
  select
    invoice_lines.*,
    case
      when skus.kind is null then invoice_lines.kind
      when skus.kind = 'usage' and invoice_lines.kind = 'minimum' then 'minimum'
      else skus.kind
    end as product_kind
  from {{ ref('invoice_line') }} as invoice_lines
  left join {{ ref('sku') }} as skus
    on skus.source_instance = invoice_lines.source_instance and skus.sku = invoice_lines.sku
  where invoice_lines.invoice_is_live
),

invoices as (
  select * from {{ ref('invoice') }}
),

replacements as (
  select source_instance, replaces_invoice_id, min(invoice_id) as replaced_by
  from invoices
  where is_live and replaces_invoice_id is not null
  group by source_instance, replaces_invoice_id
),

-- goodwill lowers a price; only these reasons say that the line should not have been billed
credits as (
  select
    credit_lines.source_instance,
    credit_lines.invoice_line_id,
    sum(credit_lines.amount_minor) as amount_minor,
    case when count(*) = count(credit_notes.approved_by) then 'B13' else 'B14' end as cause_code
  from {{ ref('credit_note_line') }} as credit_lines
  inner join {{ ref('credit_note') }} as credit_notes
    on
      credit_notes.source_instance = credit_lines.source_instance
      and credit_notes.credit_note_id = credit_lines.credit_note_id
  where credit_lines.credit_note_is_live and credit_lines.reason in ('billing_error', 'cancellation', 'duplicate')
  group by credit_lines.source_instance, credit_lines.invoice_line_id
),

marked as (
  select
    lines.*,
    {{ month_start('lines.service_start') }} as service_month,
    case
      when lines.product_kind in ('usage', 'minimum') then {{ month_start('lines.service_start') }}
      else lines.service_start
    end as service_key,
    invoices.is_duplicate_of,
    replacements.replaced_by,
    case
      when lines.amount_minor > 0 and credits.amount_minor >= lines.amount_minor then credits.cause_code
    end as credit_cause
  from lines
  inner join invoices on invoices.source_instance = lines.source_instance and invoices.invoice_id = lines.invoice_id
  left join replacements
    on replacements.source_instance = lines.source_instance and replacements.replaces_invoice_id = lines.invoice_id
  left join credits
    on credits.source_instance = lines.source_instance and credits.invoice_line_id = lines.line_id
),

standing as (
  select distinct source_instance, subscription_id, sku, product_kind, service_key
  from marked
  where is_duplicate_of is null and replaced_by is null and credit_cause is null
)

select
  marked.source_instance as billing_instance,
  marked.line_id,
  marked.invoice_id,
  marked.invoice_number,
  marked.subscription_id,
  marked.item_id,
  marked.sku,
  marked.product_kind as kind,
  marked.kind as stated_kind,
  marked.quantity,
  marked.unit_amount,
  marked.discount_amount_minor,
  marked.amount_minor,
  marked.service_start,
  marked.service_end,
  marked.is_proration,
  marked.finalized_at,
  marked.issue_date,
  marked.currency_code,
  marked.legal_entity_code,
  marked.customer_id,
  marked.service_month,
  marked.is_duplicate_of,
  marked.replaced_by,
  case when standing.sku is not null then marked.credit_cause end as taken_back_cause,
  marked.is_duplicate_of is null
  and marked.replaced_by is null
  and (marked.credit_cause is null or standing.sku is null) as is_counted
from marked
left join standing
  on
    standing.source_instance = marked.source_instance
    and standing.subscription_id = marked.subscription_id
    and standing.sku = marked.sku
    and standing.product_kind = marked.product_kind
    and standing.service_key = marked.service_key
