-- One row per live finalized invoice: does the ERP hold it once, with its net, tax, gross, entity, customer, currency,
-- period? A summary posting, document or journal, that holds exactly the sum of its invoices posts each of them;
-- documents that hold exactly the parts of one invoice post it together.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

invoices as (
  select * from {{ ref('invoice') }} where is_live
),

not_testable as (
  select * from {{ ref('billing_key_not_testable') }} where kind = 'invoice'
),

reversed_documents as (
  select
    billing_instance as source_instance,
    external_id as invoice_id,
    min(document_id) as document_id
  from {{ ref('ar_document') }}
  where external_object = 'invoice' and document_type = 'invoice' and status = 'reversed'
  group by billing_instance, external_id
),

-- the wrong way round: the ERP owes the customer what the customer owes
turned_documents as (
  select
    billing_instance as source_instance,
    external_id as invoice_id,
    currency_code,
    cast(sum(sign * total_amount_minor) as bigint) as gross_minor,
    {{ joined_text('document_id', ', ') }} as document_ids
  from {{ ref('ar_document') }}
  where external_object = 'invoice' and document_type = 'credit_memo' and status <> 'reversed'
  group by billing_instance, external_id, currency_code
),

-- postings that it could be in, but nobody knows
suggestions as (
  select
    invoices.record_instance as source_instance,
    invoices.record_id as invoice_id,
    {{ joined_text(
      "case others.object when 'journal' then 'journal ' else 'document ' end || others.record_id", ', '
    ) }} as candidates
  from {{ ref('matches') }} as invoices
  inner join {{ ref('matches') }} as others
    on others.purpose = invoices.purpose and others.group_id = invoices.group_id and others.side = 'right'
  where
    invoices.purpose in ('posting', 'summary', 'net_summary') and invoices.status = 'suggested'
    and invoices.side = 'left' and invoices.object = 'invoice'
  group by invoices.record_instance, invoices.record_id
),

paired as (
  select
    invoices.source_instance,
    invoices.invoice_id,
    invoices.legal_entity_code,
    invoices.customer_id,
    invoices.currency_code,
    invoices.net_amount_minor,
    invoices.tax_amount_minor,
    invoices.total_amount_minor,
    policy.policy_period,
    coalesce(policy.policy_period, policy.origin_period) as period,
    policy.due_at,
    coalesce(lines.line_count, 1) as line_count,
    coalesce(lines.dropped_count, 0) as dropped_count,
    coalesce(lines.dropped_gross_minor, 0) as dropped_gross_minor,
    lines.dropped_lines,
    posting.document_id,
    posting.journal_id,
    posting.summary_count,
    posting.summary_credit_count,
    posting.part_documents,
    posting.invoice_id is not null as is_posted,
    posting.legal_entity_code as posted_legal_entity_code,
    posting.currency_code as posted_currency_code,
    posting.erp_customer_id,
    posting.billing_customer_id as posted_customer_id,
    posting.period as posted_period,
    posting.gross_minor as posted_gross_minor,
    posting.is_same_customer,
    posting.surplus_count,
    posting.surplus_gross_minor,
    posting.surplus_documents,
    invoices.net_amount_minor - posting.net_minor as net_delta,
    invoices.tax_amount_minor - posting.tax_minor as tax_delta,
    invoices.total_amount_minor - posting.gross_minor as gross_delta,
    posting.invoice_id is not null and posting.is_same_entity and posting.is_same_currency as is_comparable,
    posting.is_same_entity,
    reversed_documents.document_id as reversed_document_id,
    turned_documents.gross_minor as turned_gross_minor,
    turned_documents.document_ids as turned_document_ids,
    messages.cause_code as message_cause_code,
    messages.status as message_status,
    messages.failure_class as message_failure_class,
    messages.words as message_words,
    suggestions.candidates as suggested_postings,
    differing.fate as lines_fate,
    differing.unread_reason as lines_unread_reason,
    differing.words as lines_words,
    differing.billed_gross_minor as lines_billed_minor,
    differing.posted_gross_minor as lines_posted_minor,
    coalesce(differing.net_delta, 0) as lines_net_delta,
    coalesce(differing.tax_delta, 0) as lines_tax_delta,
    coalesce(differing.moved_minor, 0) as lines_moved_minor,
    coalesce(differing.is_exchanged, false) as is_exchanged,
    least(
      coalesce(lines.line_count, 1) * parameters.rounding_minor_per_component, parameters.rounding_minor_per_document
    ) as tolerated,
    coalesce(own_key.reason, any_key.reason) as key_not_testable_reason
  from invoices
  cross join parameters
  left join {{ ref('invoice_posting') }} as posting
    on posting.source_instance = invoices.source_instance and posting.invoice_id = invoices.invoice_id
  left join {{ ref('posting_policy') }} as policy
    on
      policy.source_instance = invoices.source_instance
      and policy.key = invoices.invoice_id
      and policy.object = 'invoice'
  left join {{ ref('invoice_line_posting') }} as lines
    on lines.source_instance = invoices.source_instance and lines.invoice_id = invoices.invoice_id
  left join {{ ref('posted_line_difference') }} as differing
    on
      differing.source_instance = invoices.source_instance
      and differing.key = invoices.invoice_id
      and differing.object = 'invoice'
  left join reversed_documents
    on
      reversed_documents.source_instance = invoices.source_instance
      and reversed_documents.invoice_id = invoices.invoice_id
  left join turned_documents
    on
      turned_documents.source_instance = invoices.source_instance
      and turned_documents.invoice_id = invoices.invoice_id
      and turned_documents.currency_code = invoices.currency_code
      and sign(turned_documents.gross_minor) = -sign(invoices.total_amount_minor)
  left join {{ ref('message_outcome') }} as messages
    on
      messages.source_instance = invoices.source_instance
      and messages.key = invoices.invoice_id
      and messages.document_kind = 'invoice'
  left join suggestions
    on suggestions.source_instance = invoices.source_instance and suggestions.invoice_id = invoices.invoice_id
  left join not_testable as own_key
    on own_key.source_instance = invoices.source_instance and own_key.key = invoices.invoice_id
  left join not_testable as any_key on any_key.source_instance = invoices.source_instance and any_key.key is null
),

judged as (
  select
    *,
    case
      when part_documents is not null then 'documents ' || part_documents
      when document_id is not null then 'document ' || document_id || coalesce(' and journal ' || journal_id, '')
      else 'journal ' || journal_id
    end as posting_words,
    case
      when not is_posted and reversed_document_id is not null then 'reversed'
      when not is_posted and turned_document_ids is not null then 'turned'
      when not is_posted then 'missing'
      when not is_same_entity then 'entity'
      when not is_comparable then 'currency'
      when not is_same_customer then 'customer'
      when surplus_count > 0 then 'duplicate'
      when
        (abs(net_delta) > tolerated or abs(tax_delta) > tolerated)
        and dropped_count > 0 and gross_delta = dropped_gross_minor then 'dropped'
      when abs(net_delta) > tolerated then 'amount'
      when abs(tax_delta) > tolerated then 'tax'
      when abs(gross_delta - net_delta - tax_delta) > tolerated then 'total'
      when
        abs(lines_net_delta) > tolerated or abs(lines_tax_delta) > tolerated
        or (is_exchanged and lines_moved_minor > tolerated)
        then 'lines'
      when policy_period is not null and posted_period <> policy_period then 'period'
      when is_same_customer is null then 'unmapped'
      else 'same'
    end as finding
  from paired
),

compared as (
  select
    source_instance,
    invoice_id as match_key,
    legal_entity_code,
    customer_id,
    currency_code,
    period,
    case when finding = 'lines' then lines_billed_minor else total_amount_minor end as left_value,
    case
      when finding = 'turned' then turned_gross_minor
      when finding = 'lines' then lines_posted_minor
      when is_comparable then posted_gross_minor + surplus_gross_minor
    end as right_value,
    case
      when finding in ('reversed', 'missing', 'entity', 'currency', 'customer') then total_amount_minor
      when finding = 'turned' then total_amount_minor - turned_gross_minor
      when finding = 'lines' then lines_billed_minor - lines_posted_minor
      else gross_delta - surplus_gross_minor
    end as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    finding not in ('unmapped', 'same') as has_fault,
    case finding
      when 'reversed' then case when message_status = 'accepted' then 'C06' else coalesce(message_cause_code, 'C06') end
      when 'turned' then 'C08'
      when 'missing' then coalesce(message_cause_code, 'C02')
      when 'entity' then 'C09'
      when 'currency' then 'C14'
      when 'customer' then 'C09'
      when 'duplicate' then 'C05'
      when 'dropped' then 'C07'
      when 'amount' then 'C14'
      when 'tax' then 'C11'
      when 'total' then 'C14'
      when 'lines'
        then
          case
            when lines_net_delta = 0 and lines_tax_delta <> 0 then 'C11'
            when lines_fate = 'dropped' then 'C07'
            when lines_fate = 'foreign' then 'C06'
            when lines_fate = 'repeated' then 'C05'
            else 'C14'
          end
      when 'period' then 'C10'
      when 'unmapped' then null
      else
        case
          when net_delta <> 0 or tax_delta <> 0 or gross_delta <> 0 or lines_net_delta <> 0 or lines_tax_delta <> 0
            then 'C13'
        end
    end as cause_code,
    case
      when finding <> 'missing' then null
      when message_cause_code is null then 'transport'
      else message_failure_class
    end as failure_class,
    'Invoice ' || invoice_id || ' over ' || {{ money_words('total_amount_minor', 'currency_code') }} || case finding
      when 'reversed'
        then
          ' is live in billing, but its ERP document ' || reversed_document_id
          || ' was reversed and none replaces it'
          || case
            when message_status <> 'accepted' then ': ' || message_words
            else ': no void or credit in billing stands behind the reversal'
          end
      when 'turned'
        then
          ' is posted the wrong way round, as ' || {{ listed('turned_document_ids', 'credit memo') }} || ' over '
          || {{ money_words('-turned_gross_minor', 'currency_code') }}
          || ': the receivable is short of the invoice and of the memo'
      when
        'missing'
        then
          ' is not posted: ' || coalesce(message_words, 'no message shows that it was ever sent to the ERP')
          || coalesce('; it may be in ' || suggested_postings || ', which is not certain', '')
      when 'entity'
        then
          ' of entity ' || legal_entity_code || ' is posted in entity ' || posted_legal_entity_code
          || ' as document ' || document_id
      when 'currency'
        then
          ' is posted in ' || posted_currency_code || ' as document ' || document_id || ' over '
          || {{ money_words('posted_gross_minor', 'posted_currency_code') }}
      when 'customer'
        then
          ' of customer ' || customer_id || ' is posted to ERP customer ' || erp_customer_id
          || ' ('
          || coalesce('billing customer ' || posted_customer_id, 'which names no billing customer')
          || ') as document '
          || document_id
      when 'duplicate'
        then
          ' is posted more than once: beside document ' || document_id || ' the ERP holds '
          || surplus_documents
          || ', together '
          || {{ money_words('surplus_gross_minor', 'currency_code') }}
          || ' too much'
      when 'dropped'
        then
          ' lacks ' || {{ listed('dropped_lines', 'line') }} || ' in ERP document ' || document_id || ': '
          || {{ money_words('gross_delta', 'currency_code') }} || ' with tax is not posted'
      when 'amount'
        then
          ' is posted over ' || {{ money_words('posted_gross_minor', 'currency_code') }} || ' as document '
          || document_id || ': net differs by ' || {{ money_words('net_delta', 'currency_code') }} || ', tax by '
          || {{ money_words('tax_delta', 'currency_code') }}
      when 'tax'
        then
          ' is posted with the same net but other tax as document ' || document_id || ': tax differs by '
          || {{ money_words('tax_delta', 'currency_code') }}
      when 'total'
        then
          ' is posted over ' || {{ money_words('posted_gross_minor', 'currency_code') }} || ' as document '
          || document_id || ' with the same net and tax: here or there the total is not net plus tax'
      when 'lines'
        then case
          when is_exchanged
            then ' agrees with ' || posting_words || ' in the sum, but not line by line: ' || lines_words
          else
            ' agrees with ' || posting_words || ', but their lines do not: those of the invoice add up to '
            || {{ money_words('lines_billed_minor', 'currency_code') }} || ' with tax, those of the ERP to '
            || {{ money_words('lines_posted_minor', 'currency_code') }} || ': ' || lines_words
        end
      when 'period'
        then
          ' belongs to period ' || policy_period || ', but ' || posting_words || ' is posted in ' || posted_period
      else
        ' differs from document ' || document_id || ' by ' || {{ money_words('gross_delta', 'currency_code') }}
        || case when gross_delta = 0 then ', its net by ' || {{ money_words('net_delta', 'currency_code') }} else '' end
        || '; net and tax are each within the rounding of ' || {{ counted('line_count', 'line') }}
    end as reason,
    case
      when key_not_testable_reason is not null then 'Not tested: ' || key_not_testable_reason
      when finding = 'lines' then 'Not tested: ' || lines_unread_reason
      when finding = 'unmapped' then
        'Not tested: ERP customer ' || erp_customer_id || ' of document ' || document_id
        || ' names no billing customer, so it is unknown whether the invoice is posted to the right one'
    end as not_testable_reason,
    'invoice:' || invoice_id as left_ref,
    coalesce(
      'ar_document:' || coalesce(
        part_documents, document_id || coalesce(', ' || surplus_documents, ''), reversed_document_id,
        case when finding = 'turned' then turned_document_ids end
      ),
      'journal_line:' || journal_id
    ) as right_ref,
    due_at,
    2 * line_count as rounding_components,
    case
      when summary_count > 1 or summary_credit_count > 0
        then
          'Posted by ' || posting_words || case when document_id is null then ', which names no document,' else '' end
          || ' in one sum with '
          || case
            when summary_count = 1 then ''
            else
              cast(summary_count - 1 as {{ dbt.type_string() }})
              || case when summary_count = 2 then ' other invoice' else ' other invoices' end
          end
          || case when summary_count > 1 and summary_credit_count > 0 then ' and ' else '' end
          || case
            when summary_credit_count > 0
              then
                cast(summary_credit_count as {{ dbt.type_string() }})
                || case when summary_credit_count = 1 then ' credit note' else ' credit notes' end
            else ''
          end
      when part_documents is not null then 'Posted in parts by ' || posting_words || ', which add up to it'
      when summary_count = 1 then 'Posted by ' || posting_words || ', which names no invoice but has its amounts'
    end as matched_reason
  from judged

  union all

  {{ unknown_records('invoice', relation='invoice', key='invoice_id', more=['matched_reason']) }}
)
{{ reconcile(
  'compared', code='R14', tolerance='T1', domains=['billing', 'erp'], differs='cause_code is not null',
  matched_reason='matched_reason'
) }}
