-- One row per live invoice or credit note whose lines are not those of its unreversed ERP documents, though both have
-- lines: by how much, which lines, and what befell them. Credits are negative. `moved_minor` is the largest part of one
-- line that stands on another; where the sums agree that is all (`is_exchanged`). Where lines were rejected, theirs may
-- be the difference (`unread_reason`).
{%- set fates = {
  'dropped': 'not posted',
  'foreign': 'posted, but not billed',
  'repeated': 'posted more than once',
  'altered': 'of another amount',
} %}
with document_lines as (
  {{ vendor_union('erp', 'ar_document_lines') }}
),

invoice_lines as (
  {{ vendor_union('billing', 'invoice_lines') }}
),

credit_note_lines as (
  {{ vendor_union('billing', 'credit_note_lines') }}
),

billed as (
  select
    source_instance,
    'invoice' as object,
    invoice_id as key,
    line_id,
    amount_minor as net_minor,
    tax_amount_minor as tax_minor
  from {{ ref('invoice_line') }}
  where invoice_is_live

  union all

  select
    source_instance,
    'credit_note' as object,
    credit_note_id as key,
    credit_note_line_id as line_id,
    -amount_minor as net_minor,
    -tax_amount_minor as tax_minor
  from {{ ref('credit_note_line') }}
  where credit_note_is_live
),

posted_lines as (
  select
    *,
    case when count(source_line_id) over (partition by source_instance, document_id) > 0 then 1 else 0 end as is_named
  from {{ ref('ar_document_line') }}
  where external_object in ('invoice', 'credit_note') and document_status <> 'reversed'
),

-- a document that names no source lines is compared in the sum alone
posted as (
  select
    billing_instance as source_instance,
    external_object as object,
    external_id as key,
    source_line_id as line_id,
    {{ joined_text('document_line_id', ', ') }} as document_lines,
    count(*) as posted_count,
    cast(sum(sign * amount_minor) as bigint) as net_minor,
    cast(sum(sign * tax_amount_minor) as bigint) as tax_minor,
    min(is_named) as is_named
  from posted_lines
  group by billing_instance, external_object, external_id, source_line_id
),

lines as (
  select
    coalesce(billed.source_instance, posted.source_instance) as source_instance,
    coalesce(billed.object, posted.object) as object,
    coalesce(billed.key, posted.key) as key,
    coalesce(billed.line_id, posted.document_lines) as line_ids,
    coalesce(billed.net_minor, 0) as billed_net_minor,
    coalesce(billed.tax_minor, 0) as billed_tax_minor,
    coalesce(posted.net_minor, 0) as posted_net_minor,
    coalesce(posted.tax_minor, 0) as posted_tax_minor,
    case when billed.key is not null then 1 else 0 end as is_billed,
    case when posted.key is not null then 1 else 0 end as is_posted,
    coalesce(posted.is_named, 1) as is_named,
    case
      when billed.key is not null and posted.key is null then 'dropped'
      when billed.key is null then 'foreign'
      when billed.net_minor = posted.net_minor and billed.tax_minor = posted.tax_minor then 'same'
      when posted.posted_count > 1 then 'repeated'
      else 'altered'
    end as fate
  from billed
  full outer join posted
    on
      posted.source_instance = billed.source_instance
      and posted.object = billed.object
      and posted.key = billed.key
      and posted.line_id = billed.line_id
),

sums as (
  select
    source_instance,
    object,
    key,
    cast(sum(billed_net_minor + billed_tax_minor) as bigint) as billed_gross_minor,
    cast(sum(posted_net_minor + posted_tax_minor) as bigint) as posted_gross_minor,
    cast(sum(billed_net_minor - posted_net_minor) as bigint) as net_delta,
    cast(sum(billed_tax_minor - posted_tax_minor) as bigint) as tax_delta,
    min(case when fate <> 'same' then fate end) as first_fate,
    max(case when fate <> 'same' then fate end) as last_fate,
    {{ joined_text("case when fate <> 'same' then line_ids end", ', ') }} as line_ids,
    {%- for fate in fates %}
    {{ joined_text("case when fate = '" ~ fate ~ "' then line_ids end", ', ') }} as {{ fate }}_line_ids,
    {%- endfor %}
    min(is_named) as is_named,
    case
      when min(is_named) = 1
        then max(greatest(abs(billed_net_minor - posted_net_minor), abs(billed_tax_minor - posted_tax_minor)))
      else 0
    end as moved_minor
  from lines
  group by source_instance, object, key
  having sum(is_billed) > 0 and sum(is_posted) > 0
),

told as (
  select
    *,
    net_delta = 0 and tax_delta = 0 and moved_minor <> 0 as is_exchanged,
    {{ listed('dropped_line_ids', 'line') }} || ', {{ fates['dropped'] }}' as dropped_words,
    {{ listed('foreign_line_ids', 'line') }} || ', {{ fates['foreign'] }}' as foreign_words,
    {{ listed('repeated_line_ids', 'line') }} || ', {{ fates['repeated'] }}' as repeated_words,
    {{ listed('altered_line_ids', 'line') }} || ', {{ fates['altered'] }}' as altered_words
  from sums
),

-- a document line that names a document which is not there is no part of any other
unread_document_lines as (
  select
    links.source_instance,
    coalesce(records.document_id, landed.document_id) as document_id,
    links.linked_instance as erp_instance,
    'a row of ar_document_lines ' || coalesce(records.key_text || ' ', '') || records.reason as reason
  from {{ ref('untestable_record') }} as records
  inner join {{ source('config', 'instance_links') }} as links
    on links.linked_instance = records.source_instance and links.domain = 'erp'
  left join document_lines as landed
    on landed.source_instance = records.source_instance and landed.document_line_id = records.key_text
  where records.domain = 'erp' and records.object = 'ar_document_lines'
),

unread_of_document as (
  select
    documents.billing_instance as source_instance,
    documents.external_object as object,
    documents.external_id as key,
    min(unread.reason) as reason
  from unread_document_lines as unread
  inner join {{ ref('ar_document') }} as documents
    on documents.source_instance = unread.erp_instance and documents.document_id = unread.document_id
  group by documents.billing_instance, documents.external_object, documents.external_id
),

unread_billing_lines as (
  select
    records.source_instance,
    case records.object when 'invoice_lines' then 'invoice' else 'credit_note' end as object,
    case records.object when 'invoice_lines' then billed.invoice_id else credited.credit_note_id end as key,
    'a row of ' || records.object || ' ' || coalesce(records.key_text || ' ', '') || records.reason as reason
  from {{ ref('untestable_record') }} as records
  left join invoice_lines as billed
    on billed.source_instance = records.source_instance and billed.line_id = records.key_text
  left join credit_note_lines as credited
    on credited.source_instance = records.source_instance and credited.credit_note_line_id = records.key_text
  where records.domain = 'billing' and records.object in ('invoice_lines', 'credit_note_lines')
),

unread_of_own as (
  select source_instance, object, key, min(reason) as reason
  from (
    select source_instance, object, key, reason from unread_of_document
    union all
    select source_instance, object, key, reason from unread_billing_lines where key is not null
  ) as records
  group by source_instance, object, key
),

-- of a line that was rejected whole it may be unknown whose it is
unread_of_any as (
  select source_instance, min(reason) as reason
  from (
    select source_instance, reason from unread_document_lines where document_id is null
    union all
    select source_instance, reason from unread_billing_lines where key is null
  ) as records
  group by source_instance
)

select
  told.source_instance,
  told.object,
  told.key,
  told.billed_gross_minor,
  told.posted_gross_minor,
  told.net_delta,
  told.tax_delta,
  told.moved_minor,
  told.is_exchanged,
  case when told.first_fate = told.last_fate and not told.is_exchanged then told.first_fate else 'altered' end as fate,
  case
    -- without names nobody knows which line became which
    when told.is_named = 0 and told.first_fate <> told.last_fate
      then {{ listed('told.line_ids', 'line') }} || ', {{ fates['altered'] }}'
    else concat_ws('; ', told.dropped_words, told.foreign_words, told.repeated_words, told.altered_words)
  end as words,
  coalesce(own.reason, any_line.reason) as unread_reason
from told
left join unread_of_own as own
  on own.source_instance = told.source_instance and own.object = told.object and own.key = told.key
left join unread_of_any as any_line on any_line.source_instance = told.source_instance
where told.net_delta <> 0 or told.tax_delta <> 0 or told.is_exchanged
