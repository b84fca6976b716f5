-- One row per credit note, and per void of a posted invoice: does the ERP mirror it, with its sign, amount, period and
-- original document, and within what that billed? A void is found by its invoice id. A journal without a document that
-- holds exactly its invoices less their credits posts each of them.
with credit_notes as (
  select * from {{ ref('credit_note') }}
),

invoices as (
  select * from {{ ref('invoice') }}
),

documents as (
  select * from {{ ref('credit_memo') }}
),

all_documents as (
  select * from {{ ref('ar_document') }}
),

not_testable as (
  select * from {{ ref('billing_key_not_testable') }}
),

-- a memo is compared with what it should be; several of one credit note are added up: parts make the whole, and what
-- is beyond it shows
memos as (
  select
    credit_notes.source_instance,
    credit_notes.credit_note_id as key,
    count(*) as document_count,
    count(*) filter (where documents.is_surplus) as surplus_count,
    {{ joined_text('documents.document_id', ', ') }} as document_ids,
    sum(documents.gross_minor) as gross_minor,
    sum(documents.tax_minor) as tax_minor,
    min(documents.period) as first_period,
    max(documents.period) as last_period,
    {{ joined_text('documents.period', ', ') }} as periods,
    count(*) filter (where documents.gross_minor > 0) as wrong_sign_count,
    count(*) filter (
      where documents.legal_entity_code <> credit_notes.legal_entity_code
      or documents.currency_code <> credit_notes.currency_code
      or documents.billing_customer_id <> credit_notes.customer_id
      or not documents.is_same_billing_instance
    ) as elsewhere_count,
    {{ joined_text(
      "case when original.external_id <> credit_notes.invoice_id"
      ~ " then original.document_id || ' (invoice ' || original.external_id || ')' end",
      ', '
    ) }} as wrong_originals
  from credit_notes
  inner join documents
    on
      documents.source_instance = credit_notes.source_instance
      and documents.key = credit_notes.credit_note_id
  left join all_documents as original
    on original.source_instance = documents.erp_instance and original.document_id = documents.original_document_id
  group by credit_notes.source_instance, credit_notes.credit_note_id
),

-- posted without a memo, in the sum of a journal
summaries as (
  select
    members.source_instance,
    members.credit_note_id,
    {{ joined_text('journals.journal_id', ', ') }} as journal_id,
    {{ joined_text('journals.period', ', ') }} as period
  from {{ ref('summary_credit') }} as members
  inner join {{ ref('lone_journal') }} as journals
    on journals.source_instance = members.erp_instance and journals.journal_id = members.record_id
  group by members.source_instance, members.credit_note_id
),

-- the credits of an invoice, the oldest first, up to what it billed, which is nothing of one that is void or was never
-- issued; nobody adds up two currencies
granted as (
  select
    credit_notes.source_instance,
    credit_notes.credit_note_id,
    credit_notes.currency_code,
    credit_notes.total_amount_minor,
    invoices.invoice_id,
    invoices.status,
    invoices.is_live,
    case when invoices.is_live then invoices.total_amount_minor else 0 end as billed_minor,
    sum(credit_notes.total_amount_minor) over (
      partition by credit_notes.source_instance, credit_notes.invoice_id, credit_notes.currency_code
      order by credit_notes.issue_date, credit_notes.credit_note_id
      rows between unbounded preceding and current row
    ) as credited_minor
  from credit_notes
  inner join invoices
    on
      invoices.source_instance = credit_notes.source_instance
      and invoices.invoice_id = credit_notes.invoice_id
      and (invoices.currency_code = credit_notes.currency_code or not invoices.is_live)
  where credit_notes.is_live
),

beyond as (
  select
    granted.source_instance,
    granted.credit_note_id,
    cast(least(granted.total_amount_minor, granted.credited_minor - greatest(granted.billed_minor, 0)) as bigint)
      as beyond_minor,
    case
      when granted.is_live
        then
          'gives back more than was billed: invoice ' || granted.invoice_id || ' was over '
          || {{ money_words('granted.billed_minor', 'granted.currency_code') }} || ', with this credit '
          || {{ money_words('granted.credited_minor', 'granted.currency_code') }} || ' of it is credited, '
      else
        'gives back what nobody owes: invoice ' || granted.invoice_id || ' is ' || granted.status
        || ', which leaves nothing of it to credit, '
    end
    || {{ money_words(
      'least(granted.total_amount_minor, granted.credited_minor - greatest(granted.billed_minor, 0))',
      'granted.currency_code'
    ) }} || ' too much' as words,
    min('invoice ' || granted.invoice_id || ': ' || unread.reason) as unread_reason
  from granted
  left join not_testable as unread
    on
      unread.kind = 'invoice'
      and unread.is_own_record
      and unread.source_instance = granted.source_instance
      and coalesce(unread.key, granted.invoice_id) = granted.invoice_id
  where granted.total_amount_minor > 0 and granted.credited_minor > greatest(granted.billed_minor, 0)
  group by
    granted.source_instance, granted.credit_note_id, granted.currency_code, granted.total_amount_minor,
    granted.invoice_id, granted.status, granted.is_live, granted.billed_minor, granted.credited_minor
),

credits as (
  select
    credit_notes.source_instance,
    credit_notes.credit_note_id as key,
    'credit_note' as kind,
    'Credit note ' || credit_notes.credit_note_id || ' over '
    || {{ money_words('credit_notes.total_amount_minor', 'credit_notes.currency_code') }} as subject,
    credit_notes.legal_entity_code,
    credit_notes.customer_id,
    credit_notes.currency_code,
    case when credit_notes.is_live then -credit_notes.total_amount_minor else 0 end as left_minor,
    beyond.beyond_minor,
    beyond.words as beyond_words,
    beyond.unread_reason as beyond_unread_reason,
    case
      when memos.key is null and summaries.journal_id is not null then -credit_notes.total_amount_minor
      else coalesce(memos.gross_minor, 0)
    end as right_minor,
    differing.billed_gross_minor as lines_billed_minor,
    differing.posted_gross_minor as lines_posted_minor,
    differing.net_delta as lines_net_delta,
    differing.fate as lines_fate,
    differing.unread_reason as lines_unread_reason,
    differing.words as lines_words,
    -credit_notes.tax_amount_minor - memos.tax_minor as tax_delta,
    memos.document_ids,
    case when memos.key is null then summaries.journal_id end as summary_journals,
    case
      when not credit_notes.is_live and memos.document_count is null then 'same'
      when not credit_notes.is_live then 'void'
      when memos.document_count is null and summaries.journal_id is not null
        then
          case
            when summaries.period <> policy.policy_period then 'period'
            when beyond.credit_note_id is not null then 'beyond'
            else 'same'
          end
      when memos.document_count is null then 'missing'
      when memos.wrong_sign_count > 0 then 'sign'
      when memos.elsewhere_count > 0 then 'elsewhere'
      when memos.surplus_count > 0 then 'duplicate'
      when memos.gross_minor <> -credit_notes.total_amount_minor then 'amount'
      when memos.tax_minor <> -credit_notes.tax_amount_minor then 'tax'
      when
        credit_notes.net_amount_minor + credit_notes.tax_amount_minor <> credit_notes.total_amount_minor
        then 'total'
      when
        differing.key is not null and not (coalesce(differing.is_exchanged, false) and differing.moved_minor <= 1)
        then 'lines'
      when memos.wrong_originals is not null then 'original'
      when
        memos.first_period <> policy.policy_period or memos.last_period <> policy.policy_period
        then 'period'
      when beyond.credit_note_id is not null then 'beyond'
      else 'same'
    end as finding,
    coalesce(memos.wrong_originals, memos.periods, summaries.period) as found,
    case when memos.wrong_originals is not null then 'invoice ' || credit_notes.invoice_id else policy.policy_period end
      as expected,
    coalesce(policy.policy_period, policy.origin_period) as period,
    policy.due_at
  from credit_notes
  left join memos
    on memos.source_instance = credit_notes.source_instance and memos.key = credit_notes.credit_note_id
  left join summaries
    on
      summaries.source_instance = credit_notes.source_instance
      and summaries.credit_note_id = credit_notes.credit_note_id
  left join {{ ref('posting_policy') }} as policy
    on
      policy.source_instance = credit_notes.source_instance
      and policy.key = credit_notes.credit_note_id
      and policy.object = 'credit_note'
  left join {{ ref('posted_line_difference') }} as differing
    on
      differing.source_instance = credit_notes.source_instance
      and differing.key = credit_notes.credit_note_id
      and differing.object = 'credit_note'
  left join beyond
    on
      beyond.source_instance = credit_notes.source_instance and beyond.credit_note_id = credit_notes.credit_note_id
  where credit_notes.is_live or memos.document_count is not null
),

void_documents as (
  select
    invoices.source_instance,
    invoices.invoice_id as key,
    sum(case when posted.status <> 'reversed' then posted.total_amount_minor else 0 end) as live_minor,
    sum(case when posted.status <> 'reversed' then 1 else 0 end) as live_count,
    {{ joined_text('posted.document_id', ', ') }} as document_ids,
    sum(case when posted.status = 'reversed' then coalesce(journals.remaining_minor, 0) else 0 end) as standing_minor,
    {{ joined_text('journals.journal_ids', ', ') }} as journal_ids,
    min(journals.period) as reversal_period,
    min(journals.posting_date) as reversal_date
  from invoices
  inner join all_documents as posted
    on
      posted.billing_instance = invoices.source_instance
      and posted.external_id = invoices.invoice_id
      and posted.external_object = 'invoice'
      and posted.document_type = 'invoice'
  left join {{ ref('document_reversal') }} as journals
    on journals.source_instance = posted.source_instance and journals.document_id = posted.document_id
  where invoices.status = 'void'
  group by invoices.source_instance, invoices.invoice_id
),

-- the ledger dates a void by the entity's own clock: a day either side of the UTC date is the same void
voids as (
  select
    invoices.source_instance,
    invoices.invoice_id as key,
    'invoice' as kind,
    'The void of invoice ' || invoices.invoice_id || ' over '
    || {{ money_words('invoices.total_amount_minor', 'invoices.currency_code') }} as subject,
    invoices.legal_entity_code,
    invoices.customer_id,
    invoices.currency_code,
    cast(0 as bigint) as left_minor,
    cast(null as bigint) as beyond_minor,
    cast(null as {{ dbt.type_string() }}) as beyond_words,
    cast(null as {{ dbt.type_string() }}) as beyond_unread_reason,
    void_documents.live_minor + void_documents.standing_minor as right_minor,
    cast(null as bigint) as lines_billed_minor,
    cast(null as bigint) as lines_posted_minor,
    cast(null as bigint) as lines_net_delta,
    cast(null as {{ dbt.type_string() }}) as lines_fate,
    cast(null as {{ dbt.type_string() }}) as lines_unread_reason,
    cast(null as {{ dbt.type_string() }}) as lines_words,
    cast(null as bigint) as tax_delta,
    void_documents.document_ids,
    cast(null as {{ dbt.type_string() }}) as summary_journals,
    case
      when void_documents.live_count > 0 then 'unreversed'
      when void_documents.standing_minor <> 0 and void_documents.journal_ids is null then 'unjournaled'
      when void_documents.standing_minor <> 0 then 'remaining'
      when
        policy.policy_period is not null
        and void_documents.reversal_period <> policy.policy_period
        and (
          void_documents.reversal_date < {{ add_days('policy.policy_date', -1) }}
          or void_documents.reversal_date > {{ add_days('policy.policy_date', 1) }}
        )
        then 'period'
      else 'same'
    end as finding,
    void_documents.reversal_period as found,
    policy.policy_period as expected,
    coalesce(policy.policy_period, policy.origin_period) as period,
    policy.due_at
  from invoices
  inner join void_documents
    on void_documents.source_instance = invoices.source_instance and void_documents.key = invoices.invoice_id
  left join {{ ref('posting_policy') }} as policy
    on policy.source_instance = invoices.source_instance and policy.key = invoices.invoice_id and policy.object = 'void'
),

events as (
  select * from credits
  union all
  select * from voids
),

compared as (
  select
    events.source_instance,
    events.key as match_key,
    events.legal_entity_code,
    events.customer_id,
    events.currency_code,
    events.period,
    case
      when events.finding = 'beyond' then events.left_minor + events.beyond_minor
      when events.finding = 'lines' then events.lines_billed_minor
      else events.left_minor
    end as left_value,
    case
      when events.finding = 'lines' then events.lines_posted_minor
      when events.finding not in ('missing', 'elsewhere') then events.right_minor
    end as right_value,
    case
      when events.finding in ('missing', 'elsewhere') then events.left_minor
      when events.finding = 'beyond' then events.left_minor + events.beyond_minor - events.right_minor
      when events.finding = 'lines' then events.lines_billed_minor - events.lines_posted_minor
      else events.left_minor - events.right_minor
    end as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    events.finding <> 'same' as has_fault,
    case events.finding
      when 'elsewhere' then 'C09'
      when 'duplicate' then 'C05'
      when 'amount' then 'C14'
      when 'remaining' then 'C14'
      when 'tax' then 'C11'
      when 'total' then 'C14'
      when 'lines'
        then
          case
            when events.lines_net_delta = 0 and events.lines_billed_minor <> events.lines_posted_minor then 'C11'
            when events.lines_fate = 'dropped' then 'C08'
            when events.lines_fate = 'foreign' then 'C06'
            when events.lines_fate = 'repeated' then 'C05'
            else 'C14'
          end
      when 'original' then 'D11'
      when 'period' then 'C10'
      when 'beyond' then 'D07'
      else 'C08'
    end as cause_code,
    case
      when
        events.finding = 'missing'
        then coalesce(messages.failure_class, case when messages.key is null then 'transport' end)
    end
      as failure_class,
    events.subject || case events.finding
      when
        'missing'
        then ' is not posted: ' || coalesce(messages.words, 'no message shows that it was ever sent to the ERP')
      when 'sign'
        then
          ' is posted as a debit: ' || {{ listed('events.document_ids', 'document') }}
          || {{ by_number('events.document_ids', ' raises', ' raise') }} || ' the receivable by '
          || {{ money_words('events.right_minor', 'events.currency_code') }} || ' instead of lowering it'
      when 'elsewhere'
        then ' is posted to another entity, customer or currency: ' || {{ listed('events.document_ids', 'document') }}
      when 'duplicate' then ' is posted more than once: documents ' || events.document_ids
      when 'amount'
        then
          ' is posted over ' || {{ money_words('-events.right_minor', 'events.currency_code') }}
          || ' as document ' || events.document_ids
      when 'tax'
        then
          ' is posted with the same total but other tax as document ' || events.document_ids
          || ': tax differs by ' || {{ money_words('events.tax_delta', 'events.currency_code') }}
      when 'total'
        then ' is posted as document ' || events.document_ids || ', but its own total is not net plus tax'
      when 'lines'
        then
          ' agrees with ' || {{ listed('events.document_ids', 'document') }}
          || ', but their lines do not: those of the credit note add up to '
          || {{ money_words('-events.lines_billed_minor', 'events.currency_code') }}
          || ' with tax, those of the ERP to '
          || {{ money_words('-events.lines_posted_minor', 'events.currency_code') }} || ': ' || events.lines_words
      when 'original'
        then
          ' corrects ' || events.expected || ', but ERP document ' || events.document_ids
          || ' is set against document ' || events.found
      when 'period'
        then
          ' belongs to period ' || events.expected || ', but the ERP shows it in ' || events.found
          || ' (' || coalesce('document ' || events.document_ids, 'journal ' || events.summary_journals) || ')'
      when 'void'
        then
          ' was voided, but ' || {{ listed('events.document_ids', 'document') }}
          || {{ by_number('events.document_ids', ' still lowers', ' still lower') }} || ' the receivable by '
          || {{ money_words('-events.right_minor', 'events.currency_code') }}
      when 'unjournaled'
        then
          ' is not in the ledger: ' || {{ listed('events.document_ids', 'document') }}
          || {{ by_number('events.document_ids', ' is marked', ' are marked') }}
          || ' reversed, but no journal takes back '
          || {{ money_words('events.right_minor', 'events.currency_code') }}
      when 'remaining'
        then
          ' is reversed with another amount: of ' || {{ listed('events.document_ids', 'document') }} || ' '
          || {{ money_words('events.right_minor', 'events.currency_code') }}
          || ' still stands on the receivable account'
      when 'unreversed'
        then
          ' is not in the ERP: of ' || {{ listed('events.document_ids', 'document') }} || ' '
          || {{ money_words('events.right_minor', 'events.currency_code') }} || ' is still receivable'
      when 'beyond' then ' ' || events.beyond_words
      else ''
    end
    || case
      when events.finding <> 'beyond' and events.beyond_unread_reason is null
        then coalesce('. It also ' || events.beyond_words, '')
      else ''
    end as reason,
    'Not tested: ' || coalesce(
      own_key.reason, any_key.reason,
      case
        when events.finding = 'beyond' then events.beyond_unread_reason
        when events.finding = 'lines' then events.lines_unread_reason
      end
    ) as not_testable_reason,
    events.kind || ':' || events.key as left_ref,
    coalesce('ar_document:' || events.document_ids, 'journal_line:' || events.summary_journals) as right_ref,
    events.due_at,
    cast(null as bigint) as rounding_components,
    case
      when events.summary_journals is not null
        then 'Posted by journal ' || events.summary_journals || ', which names no document, in one sum with invoices'
    end as matched_reason
  from events
  left join {{ ref('message_outcome') }} as messages
    on
      messages.source_instance = events.source_instance
      and messages.key = events.key
      and messages.document_kind = events.kind
  left join not_testable as own_key
    on own_key.source_instance = events.source_instance and own_key.kind = events.kind and own_key.key = events.key
  left join not_testable as any_key
    on any_key.source_instance = events.source_instance and any_key.kind = events.kind and any_key.key is null

  union all

  {{ unknown_records('credit_note', relation='credit_note', key='credit_note_id', more=['matched_reason']) }}
)
{{ reconcile('compared', code='R16', tolerance='T0', domains=['billing', 'erp'], matched_reason='matched_reason') }}
