-- One row per billing record or ERP document line that is not posted as it was billed: net and tax that differ, and the
-- cause by the first rule that applies to the record (leg C, billed less posted). A line that stands in another cell
-- than it was billed in is claimed on both sides, so that the transfer nets to zero (C09).
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

policies as (
  select * from {{ ref('posting_policy') }}
),

billed as (
  select
    records.billing_instance as source_instance,
    records.record_kind,
    records.record_id,
    records.document_id,
    coalesce(records.legal_entity_code, 'unknown') as legal_entity_code,
    coalesce(records.customer_id, 'unknown') as customer_id,
    coalesce(records.subscription_id, 'unallocated') as subscription_id,
    coalesce(records.sku, 'unallocated') as sku,
    records.service_period_start,
    coalesce(records.currency_code, 'unknown') as currency_code,
    records.billed_minor,
    records.tax_minor,
    policies.due_at as posting_due_at,
    coalesce(policies.policy_period, policies.origin_period) as period
  from {{ ref('bridge_billed') }} as records
  left join policies
    on
      policies.source_instance = records.billing_instance
      and policies.key = records.document_id
      and policies.object = case records.record_kind when 'invoice_line' then 'invoice' else 'credit_note' end
  where records.has_erp
),

-- documents that post one invoice or credit in parts stand for it together; a part alone would look like another amount
parts as (
  select source_instance, 'credit_note_line' as record_kind, key, erp_instance, document_id
  from {{ ref('credit_memo') }}
  where document_type = 'credit_memo' and not is_surplus
  union all
  select source_instance, 'invoice_line' as record_kind, invoice_id as key, erp_instance, document_id
  from {{ ref('invoice_part') }}
),

posted_lines as (
  select
    lines.*,
    case
      when parts.document_id is not null and billed.record_id is not null then 'parts'
      else lines.document_line_id
    end as posting_id
  from {{ ref('bridge_posted') }} as lines
  left join billed
    on
      billed.source_instance = lines.source_instance
      and billed.record_kind = lines.record_kind
      and billed.record_id = lines.record_id
      and billed.legal_entity_code = lines.legal_entity_code
      and billed.currency_code = lines.currency_code
      and billed.customer_id = lines.customer_id
  left join parts
    on
      parts.record_kind = lines.record_kind
      and parts.source_instance = lines.source_instance
      and parts.key = lines.billing_document_id
      and parts.erp_instance = lines.erp_instance
      and parts.document_id = lines.document_id
),

posted as (
  select
    source_instance,
    erp_instance,
    min(document_id) as document_id,
    min(document_line_id) as document_line_id,
    min(external_id) as external_id,
    min(external_object) as external_object,
    min(billing_instance) as billing_instance,
    min(period) as period,
    {{ bridge_cell() }},
    record_kind,
    record_id,
    min(billing_document_id) as billing_document_id,
    min(document_type) as document_type,
    cast(sum(posted_minor) as bigint) as posted_minor,
    cast(sum(posted_tax_minor) as bigint) as posted_tax_minor
  from posted_lines
  group by source_instance, erp_instance, {{ bridge_cell() }}, record_kind, record_id, posting_id
),

postings as (
  select * from {{ ref('invoice_posting') }}
),

summary_credits as (
  select distinct source_instance, credit_note_id from {{ ref('summary_credit') }}
),

messages as (
  select * from {{ ref('message_outcome') }}
),

-- billing documents of which the ERP holds any document, reversed or not
booked as (
  select
    billing_instance as source_instance,
    external_object as object,
    external_id as document_id,
    max(case when status = 'reversed' then 0 else 1 end) as standing
  from {{ ref('ar_document') }}
  where billing_instance is not null and external_object is not null
  group by billing_instance, external_object, external_id
),

ranked as (
  select
    posted.*,
    row_number() over (
      partition by posted.source_instance, posted.record_kind, posted.record_id
      order by
        case when postings.document_id is not null then 0 else 1 end,
        case
          when
            posted.legal_entity_code = billed.legal_entity_code
            and posted.currency_code = billed.currency_code
            and posted.customer_id = billed.customer_id
            then 0
          else 1
        end,
        case when posted.posted_minor = billed.billed_minor then 0 else 1 end,
        posted.erp_instance, posted.document_id, posted.document_line_id
    ) as agreement
  from posted
  inner join billed
    on
      billed.source_instance = posted.source_instance
      and billed.record_kind = posted.record_kind
      and billed.record_id = posted.record_id
  left join postings
    on
      posted.record_kind = 'invoice_line'
      and postings.source_instance = posted.source_instance
      and postings.invoice_id = posted.billing_document_id
      and postings.document_id = posted.document_id
),

-- documents that hold what was billed in the sum, but name other lines: what stands on each was altered on the way
exchanged as (
  select
    source_instance,
    key as document_id,
    case object when 'invoice' then 'invoice_line' else 'credit_note_line' end as record_kind
  from {{ ref('posted_line_difference') }}
  where is_exchanged
),

-- no document of a live invoice or credit: a journal without a document may hold it, else its newest message tells why
missing as (
  select
    billed.*,
    booked.standing,
    case
      when exchanged.document_id is not null then 'C14'
      when booked.standing = 1 then case when billed.record_kind = 'invoice_line' then 'C07' else 'C08' end
      -- taken back in the ERP alone: no void or credit in billing stands behind it
      when booked.standing = 0 and billed.record_kind = 'invoice_line'
        then case when messages.status = 'accepted' then 'C06' else coalesce(messages.cause_code, 'C06') end
      when booked.standing = 0 then null
      when coalesce(postings.journal_id, credits.credit_note_id) is not null then 'C06'
      when
        billed.posting_due_at > parameters.as_of and coalesce(messages.cause_code, 'C02') = 'C02'
        and coalesce(messages.status, 'none') not in ('rejected', 'dead_lettered')
        then 'C01'
      when billed.record_kind = 'credit_note_line' and coalesce(messages.cause_code, 'C08') <> 'C01' then 'C08'
      else coalesce(messages.cause_code, 'C02')
    end as cause_code
  from billed
  cross join parameters
  left join ranked
    on
      ranked.agreement = 1
      and ranked.source_instance = billed.source_instance
      and ranked.record_kind = billed.record_kind
      and ranked.record_id = billed.record_id
  left join booked
    on
      booked.source_instance = billed.source_instance
      and booked.document_id = billed.document_id
      and booked.object = case billed.record_kind when 'invoice_line' then 'invoice' else 'credit_note' end
  left join postings
    on
      billed.record_kind = 'invoice_line'
      and postings.source_instance = billed.source_instance
      and postings.invoice_id = billed.document_id
  left join summary_credits as credits
    on
      billed.record_kind = 'credit_note_line'
      and credits.source_instance = billed.source_instance
      and credits.credit_note_id = billed.document_id
  left join messages
    on
      messages.source_instance = billed.source_instance
      and messages.key = billed.document_id
      and messages.document_kind = case billed.record_kind when 'invoice_line' then 'invoice' else 'credit_note' end
  left join exchanged
    on
      exchanged.source_instance = billed.source_instance
      and exchanged.document_id = billed.document_id
      and exchanged.record_kind = billed.record_kind
  where ranked.record_id is null
),

paired as (
  select
    billed.*,
    ranked.erp_instance,
    ranked.document_line_id,
    ranked.legal_entity_code as posted_entity,
    ranked.customer_id as posted_customer,
    ranked.subscription_id as posted_subscription,
    ranked.sku as posted_sku,
    ranked.service_period_start as posted_start,
    ranked.currency_code as posted_currency,
    ranked.period as posted_period,
    ranked.posted_minor,
    ranked.posted_tax_minor,
    ranked.currency_code = billed.currency_code as is_same_currency,
    ranked.legal_entity_code = billed.legal_entity_code
    and ranked.customer_id = billed.customer_id
    and ranked.currency_code = billed.currency_code as is_same_cell,
    -- a credit that was posted as a debit, an invoice that was posted as a credit
    (billed.record_kind = 'credit_note_line' or coalesce(ranked.document_type = 'credit_memo', false)) and (
      (billed.billed_minor < 0 and ranked.posted_minor > 0) or (billed.billed_minor > 0 and ranked.posted_minor < 0)
    ) as is_turned
  from billed
  inner join ranked
    on
      ranked.agreement = 1
      and ranked.source_instance = billed.source_instance
      and ranked.record_kind = billed.record_kind
      and ranked.record_id = billed.record_id
),

-- what was never issued; a void was
drafts as (
  select source_instance, invoice_id from {{ ref('invoice') }} where not is_live and status <> 'void'
),

live as (
  select distinct source_instance, record_kind, document_id from billed
),

strays as (
  select
    posted.*,
    case
      when exchanged.document_id is not null then 'C14'
      -- a document of something that is not live any more: the void or the credit is missing in the ledger
      when
        posted.record_id is null
        and posted.external_object is not null
        and live.document_id is null
        and drafts.invoice_id is null
        then 'C08'
      when posted.record_id is null then 'C06'
      else 'C05'
    end as cause_code
  from posted
  left join ranked
    on
      ranked.erp_instance = posted.erp_instance
      and ranked.document_line_id = posted.document_line_id
  left join live
    on
      live.source_instance = posted.billing_instance
      and live.document_id = posted.external_id
      and live.record_kind
      = case posted.external_object when 'credit_note' then 'credit_note_line' else 'invoice_line' end
  left join drafts
    on
      posted.external_object = 'invoice'
      and drafts.source_instance = posted.billing_instance
      and drafts.invoice_id = posted.external_id
  left join exchanged
    on
      exchanged.source_instance = posted.billing_instance
      and exchanged.document_id = posted.external_id
      and exchanged.record_kind
      = case posted.external_object when 'credit_note' then 'credit_note_line' else 'invoice_line' end
  where ranked.document_line_id is null or ranked.agreement > 1
),

claims as (
  select
    source_instance, {{ bridge_cell() }},
    cause_code, billed_minor as amount_minor, tax_minor, cause_code as tax_cause_code,
    record_kind || ':' || record_id as left_ref, cast(null as {{ dbt.type_string() }}) as right_ref,
    posting_due_at as due_at, period
  from missing
  where cause_code is not null

  union all

  select
    source_instance, {{ bridge_cell() }},
    cause_code, -posted_minor as amount_minor, -posted_tax_minor as tax_minor, cause_code as tax_cause_code,
    cast(null as {{ dbt.type_string() }}) as left_ref, 'ar_document_line:' || document_line_id as right_ref,
    cast(null as timestamp) as due_at, period
  from strays

  union all

  -- the right cell with another amount
  select
    paired.source_instance, {{ bridge_cell_of('paired') }},
    case
      when paired.is_turned then 'C08'
      when abs(paired.billed_minor - paired.posted_minor) <= parameters.rounding_minor_per_component then 'C13'
      else 'C14'
    end as cause_code,
    paired.billed_minor - paired.posted_minor as amount_minor,
    paired.tax_minor - paired.posted_tax_minor as tax_minor,
    case
      when paired.is_turned then 'C08'
      when abs(paired.billed_minor - paired.posted_minor) > parameters.rounding_minor_per_component then 'C14'
      else 'C11'
    end as tax_cause_code,
    paired.record_kind || ':' || paired.record_id as left_ref,
    'ar_document_line:' || paired.document_line_id as right_ref,
    cast(null as timestamp) as due_at, paired.period
  from paired
  cross join parameters
  where paired.is_same_cell

  union all

  -- the wrong entity or customer: what is posted there is missing here
  select
    source_instance, {{ bridge_cell() }},
    case when is_same_currency then 'C09' else 'C14' end as cause_code,
    case when is_same_currency then posted_minor else billed_minor end as amount_minor,
    case when is_same_currency then posted_tax_minor else tax_minor end as tax_minor,
    case when is_same_currency then 'C09' else 'C14' end as tax_cause_code,
    record_kind || ':' || record_id as left_ref, cast(null as {{ dbt.type_string() }}) as right_ref,
    cast(null as timestamp) as due_at, period
  from paired
  where not is_same_cell

  union all

  select
    source_instance,
    posted_entity as legal_entity_code,
    posted_customer as customer_id,
    posted_subscription as subscription_id,
    posted_sku as sku,
    posted_start as service_period_start,
    posted_currency as currency_code,
    case when is_same_currency then 'C09' else 'C14' end as cause_code,
    -posted_minor as amount_minor, -posted_tax_minor as tax_minor,
    case when is_same_currency then 'C09' else 'C14' end as tax_cause_code,
    cast(null as {{ dbt.type_string() }}) as left_ref, 'ar_document_line:' || document_line_id as right_ref,
    cast(null as timestamp) as due_at, posted_period as period
  from paired
  where not is_same_cell

  union all

  -- and where the amount was altered on the way as well, the difference stays here
  select
    source_instance, {{ bridge_cell() }},
    'C14' as cause_code, billed_minor - posted_minor as amount_minor, tax_minor - posted_tax_minor as tax_minor,
    'C14' as tax_cause_code,
    'amount of ' || record_kind || ':' || record_id as left_ref,
    'amount of ar_document_line:' || document_line_id as right_ref,
    cast(null as timestamp) as due_at, period
  from paired
  where not is_same_cell and is_same_currency
)

select
  source_instance,
  {{ bridge_cell() }},
  cause_code,
  tax_cause_code,
  cast(amount_minor as bigint) as amount_minor,
  cast(tax_minor as bigint) as tax_minor,
  left_ref,
  right_ref,
  due_at,
  period
from claims
where amount_minor <> 0 or tax_minor <> 0
