-- One row per billed record (invoice line or credit note line) with its cell: what it adds to B, what the same
-- quantity should have cost, and the cause of the rest.
with lines as (
  select * from {{ ref('line_expected') }}
),

billed as (
  select * from {{ ref('billed_line') }}
),

results as (
  select * from {{ ref('r06_rerated_to_billed_amount') }}
),

subscriptions as (
  select * from {{ ref('subscription') }}
),

one_time_terms as (
  select billing_instance, subscription_id, terms_id, effective_from from {{ ref('terms') }}
),

priced as (
  select distinct billing_instance, subscription_id from {{ ref('terms') }}
),

contracted as (
  select billing_instance, line_id, terms_quantity from {{ ref('line_terms') }} where kind = 'recurring'
),

-- quantities that another version states, or billing's own copy: a line that bills one of them follows stale terms
stated as (
  select distinct billing_instance, subscription_id, sku, quantity from {{ ref('terms_candidate') }}
),

credit_lines as (
  select * from {{ ref('credit_note_line') }} where credit_note_is_live
),

credit_notes as (
  select * from {{ ref('credit_note') }}
),

-- the same fee twice on one invoice: each line is right, and one is too many
doubled as (
  select
    billing_instance,
    line_id,
    count(*) over (
      partition by
        billing_instance, invoice_id, subscription_id, sku, item_id, service_start, service_end, quantity, amount_minor
    ) as line_count
  from lines
  where kind = 'recurring' and is_counted and not is_proration and amount_minor > 0
),

with_interval as (
  select
    lines.*,
    billed.is_duplicate_of,
    billed.replaced_by,
    billed.taken_back_cause,
    invoice_lines.tax_amount_minor,
    coalesce(priced.subscription_id is not null or not lines.is_known_subscription, false) as has_terms,
    case
      when abs(lines.quantity) = contracted.terms_quantity and doubled.line_count > 1 then 'B11'
      when abs(lines.quantity) = contracted.terms_quantity then null
      when stated.quantity is not null then 'B02'
      when contracted.terms_quantity is not null then 'B04'
    end as quantity_cause,
    one_time_terms.effective_from as one_time_start,
    subscriptions.start_date,
    coalesce(
      lines.interval_months, case subscriptions.billing_interval when 'month' then 1 when 'year' then 12 end
    ) as months,
    results.cause_code as priced_cause,
    results.status as priced_status
  from lines
  inner join billed on billed.billing_instance = lines.billing_instance and billed.line_id = lines.line_id
  inner join {{ ref('invoice_line') }} as invoice_lines
    on invoice_lines.source_instance = lines.billing_instance and invoice_lines.line_id = lines.line_id
  left join subscriptions
    on subscriptions.source_instance = lines.billing_instance and subscriptions.subscription_id = lines.subscription_id
  left join one_time_terms
    on
      one_time_terms.billing_instance = lines.billing_instance
      and one_time_terms.subscription_id = lines.subscription_id
      and one_time_terms.terms_id = lines.terms_id
  left join contracted
    on contracted.billing_instance = lines.billing_instance and contracted.line_id = lines.line_id
  left join doubled
    on doubled.billing_instance = lines.billing_instance and doubled.line_id = lines.line_id
  left join stated
    on
      stated.billing_instance = lines.billing_instance
      and stated.subscription_id = lines.subscription_id
      and stated.sku = lines.sku
      and stated.quantity = abs(lines.quantity)
  left join priced
    on priced.billing_instance = lines.billing_instance and priced.subscription_id = lines.subscription_id
  left join results on results.source_instance = lines.billing_instance and results.match_key = lines.line_id
),

placed as (
  select
    *,
    case
      when kind in ('usage', 'minimum') then service_month
      when kind = 'one_time' then coalesce(one_time_start, service_start)
      when start_date is null or months is null or service_start < start_date then service_start
      else {{ add_months('start_date', '(' ~ months_to_anchor('start_date', 'service_start', 'months') ~ ')') }}
    end as service_period_start,
    terms_id is not null and untestable_reason is null and expected_minor is not null
    and terms_currency_code = currency_code as is_rated
  from with_interval
),

with_erp as (
  select distinct source_instance from {{ source('config', 'instance_links') }} where domain = 'erp'
),

records as (
  select
    'invoice_line' as record_kind,
    billing_instance,
    line_id as record_id,
    invoice_id as document_id,
    legal_entity_code,
    customer_id,
    subscription_id,
    sku,
    service_period_start,
    currency_code,
    kind,
    amount_minor as billed_minor,
    coalesce(tax_amount_minor, 0) as tax_minor,
    is_counted and is_rated as counts_quantity,
    case when is_counted and is_rated then expected_minor else 0 end as due_minor,
    quantity_cause,
    case
      when is_duplicate_of is not null or replaced_by is not null then 'B11'
      when taken_back_cause is not null then taken_back_cause
      when terms_currency_code <> currency_code then 'B09'
      -- of a subscription whose terms nobody knows it cannot be said that they ended
      when terms_id is null and has_terms then 'B12'
      when not is_rated then 'untestable'
      else coalesce(priced_cause, 'B99')
    end as cause_code
  from placed

  union all

  select
    'credit_note_line' as record_kind,
    credit_lines.source_instance as billing_instance,
    credit_lines.credit_note_line_id as record_id,
    credit_lines.credit_note_id as document_id,
    credit_lines.legal_entity_code,
    credit_lines.customer_id,
    coalesce(placed.subscription_id, 'unallocated') as subscription_id,
    coalesce(placed.sku, 'unallocated') as sku,
    coalesce(placed.service_period_start, {{ month_start('credit_lines.issue_date') }}) as service_period_start,
    credit_lines.currency_code,
    'credit' as kind,
    -credit_lines.amount_minor as billed_minor,
    -coalesce(credit_lines.tax_amount_minor, 0) as tax_minor,
    false as counts_quantity,
    0 as due_minor,
    cast(null as {{ dbt.type_string() }}) as quantity_cause,
    case when credit_notes.approved_by is not null then 'B13' else 'B14' end as cause_code
  from credit_lines
  inner join credit_notes
    on
      credit_notes.source_instance = credit_lines.source_instance
      and credit_notes.credit_note_id = credit_lines.credit_note_id
  left join placed
    on placed.billing_instance = credit_lines.source_instance and placed.line_id = credit_lines.invoice_line_id
)

select
  records.record_kind,
  records.billing_instance,
  records.record_id,
  records.document_id,
  records.legal_entity_code,
  records.customer_id,
  records.subscription_id,
  records.sku,
  records.service_period_start,
  records.currency_code,
  records.kind,
  records.billed_minor,
  records.tax_minor,
  records.counts_quantity,
  records.due_minor,
  records.quantity_cause,
  records.cause_code,
  with_erp.source_instance is not null as has_erp
from records
left join with_erp on with_erp.source_instance = records.billing_instance
