-- One row per message of the interface, and per document that no message carries: did everything that billing sent come
-- to an end, and was everything sent? Only the newest message of a document speaks; a retry clears what failed before.
with documents as (
  select * from {{ ref('sent_document') }}
),

sent as (
  select
    *,
    row_number() over (
      partition by billing_instance, document_kind, source_id
      order by sent_at desc, updated_at desc, message_id desc
    ) as recency
  from {{ ref('interface_message') }}
),

outcomes as (
  select * from {{ ref('message_outcome') }}
),

-- that its payment was received is not in doubt where an application is
not_testable as (
  select * from {{ ref('billing_key_not_testable') }} where not coalesce(is_guess, false)
),

rejected_messages as (
  {{ quarantined_rows('erp', 'interface_log', ['document_kind', 'source_id']) }}
),

-- a message that could not be read may be the one that is missing
unread as (
  select
    links.source_instance,
    rejected_messages.document_kind,
    rejected_messages.source_id as key,
    min(
      'message ' || coalesce(rejected_messages.key_text, 'whose id cannot be read') || ' was rejected at the boundary: '
      || rejected_messages.reason
    ) as reason
  from rejected_messages
  inner join {{ source('config', 'instance_links') }} as links
    on links.linked_instance = rejected_messages.source_instance and links.domain = 'erp'
  group by links.source_instance, rejected_messages.document_kind, rejected_messages.source_id
),

carried as (
  select distinct billing_instance, document_kind, source_id
  from sent
  where billing_instance is not null
),

-- where most posted documents of a kind have no message, they do not come over this interface, or its log begins later
coverage as (
  select
    documents.source_instance,
    documents.document_kind,
    count(carried.source_id) * 2 >= count(*) as is_covered
  from documents
  left join carried
    on
      carried.billing_instance = documents.source_instance
      and carried.document_kind = documents.document_kind
      and carried.source_id = documents.key
  where documents.is_posted
  group by documents.source_instance, documents.document_kind
),

log_starts as (
  select billing_instance, document_kind, min(sent_at) as first_sent_at
  from sent
  group by billing_instance, document_kind
),

messages as (
  select
    sent.source_instance,
    sent.message_id as match_key,
    sent.document_kind,
    sent.source_id as key,
    sent.billing_instance,
    documents.legal_entity_code,
    documents.customer_id,
    documents.currency_code,
    documents.period,
    documents.amount_minor,
    'message:' || sent.message_id as left_ref,
    case
      when documents.key is null then 'unknown'
      when sent.status = 'accepted' or documents.is_posted or documents.is_void or sent.recency > 1 then 'arrived'
      when sent.status = 'in_flight' then 'in_flight'
      when sent.status in ('rejected', 'dead_lettered') then sent.status
      else 'unmapped'
    end as finding,
    sent.status,
    outcomes.cause_code,
    outcomes.failure_class,
    outcomes.words,
    case when sent.status = 'in_flight' then documents.due_at end as due_at
  from sent
  left join documents
    on
      documents.source_instance = sent.billing_instance
      and documents.document_kind = sent.document_kind
      and documents.key = sent.source_id
  left join outcomes
    on
      outcomes.source_instance = sent.billing_instance
      and outcomes.document_kind = sent.document_kind
      and outcomes.key = sent.source_id
      and outcomes.message_id = sent.message_id
),

unsent as (
  select
    documents.source_instance,
    documents.key as match_key,
    documents.document_kind,
    documents.key,
    documents.source_instance as billing_instance,
    documents.legal_entity_code,
    documents.customer_id,
    documents.currency_code,
    documents.period,
    documents.amount_minor,
    documents.document_kind || ':' || documents.key as left_ref,
    case
      when not documents.is_posted then 'unsent'
      when not coverage.is_covered or documents.final_at < log_starts.first_sent_at then 'unlogged_kind'
      else 'unlogged'
    end as finding,
    cast(null as {{ dbt.type_string() }}) as status,
    'C02' as cause_code,
    'transport' as failure_class,
    cast(null as {{ dbt.type_string() }}) as words,
    cast(null as timestamp) as due_at
  from documents
  left join carried
    on
      carried.billing_instance = documents.source_instance
      and carried.document_kind = documents.document_kind
      and carried.source_id = documents.key
  left join coverage
    on coverage.source_instance = documents.source_instance and coverage.document_kind = documents.document_kind
  left join log_starts
    on log_starts.billing_instance = documents.source_instance and log_starts.document_kind = documents.document_kind
  where carried.source_id is null and not documents.is_void
),

accounts as (
  select * from messages
  union all
  select * from unsent
),

judged as (
  select
    accounts.*,
    {{ money_words('abs(accounts.amount_minor)', 'accounts.currency_code') }} as amount_words,
    replace(accounts.document_kind, '_', ' ') || ' ' || accounts.key as subject,
    coalesce(own_key.reason, unread.reason, unread_any.reason) as key_not_testable_reason
  from accounts
  left join not_testable as own_key
    on
      own_key.source_instance = accounts.billing_instance
      and own_key.kind = accounts.document_kind
      and own_key.key = accounts.key
  left join unread
    on
      unread.source_instance = accounts.billing_instance
      and unread.document_kind = accounts.document_kind
      and unread.key = accounts.key
      and accounts.finding in ('unsent', 'unlogged')
  left join unread as unread_any
    on
      unread_any.source_instance = accounts.billing_instance
      and unread_any.key is null
      and accounts.finding in ('unsent', 'unlogged')
),

-- an invoice, a credit note and a payment may have the same id: one case, led by the worst that can be tested
ranked as (
  select
    *,
    finding <> 'unlogged_kind' and key_not_testable_reason is null as is_tested,
    row_number() over (
      partition by source_instance, match_key
      order by
        case when finding = 'unlogged_kind' or key_not_testable_reason is not null then 1 else 0 end,
        case finding when 'unsent' then 0 when 'unlogged' then 1 else 2 end,
        abs(amount_minor) desc,
        document_kind
    ) as place
  from judged
),

-- amounts of one sign in the same books are added up; opposite ones would cancel out while both documents are missing
beside as (
  select
    worst.source_instance,
    worst.match_key,
    sum(case
      when
        other.is_tested
        and other.finding = worst.finding
        and other.legal_entity_code = worst.legal_entity_code
        and other.currency_code = worst.currency_code
        and sign(other.amount_minor) = sign(worst.amount_minor)
        then other.amount_minor
      else 0
    end) as amount_minor,
    '. Under the same id stands ' || {{ joined_text(
      "other.subject || ' over ' || other.amount_words || case when not other.is_tested then ', which cannot be tested'"
      ~ " when other.finding = 'unsent' then ', which was never sent'"
      ~ " else ', which the ERP holds and no message shows' end", '; '
    ) }} as words,
    {{ joined_text('other.left_ref', '; ') }} as refs
  from ranked as worst
  inner join ranked as other
    on other.source_instance = worst.source_instance and other.match_key = worst.match_key and other.place > 1
  where worst.place = 1
  group by worst.source_instance, worst.match_key
),

cases as (
  select
    ranked.*,
    cast(ranked.amount_minor + coalesce(beside.amount_minor, 0) as bigint) as together_minor,
    beside.words as beside_words,
    beside.refs as beside_refs
  from ranked
  left join beside
    on beside.source_instance = ranked.source_instance and beside.match_key = ranked.match_key
  where ranked.place = 1
),

compared as (
  select
    source_instance,
    match_key,
    legal_entity_code,
    customer_id,
    currency_code,
    period,
    together_minor as left_value,
    case when finding in ('arrived', 'unlogged', 'unlogged_kind') then together_minor end as right_value,
    case when finding in ('arrived', 'unlogged', 'unlogged_kind') then 0 else together_minor end as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    finding <> 'arrived' as has_fault,
    case when finding <> 'arrived' then cause_code end as cause_code,
    failure_class,
    case finding
      when 'unsent'
        then
          'No message carries ' || subject || ' over ' || amount_words
          || ', and the ERP does not hold it: it was never sent'
      when 'unlogged'
        then
          'The ERP holds ' || subject || ' over ' || amount_words
          || ', but no message shows how it came there: the log of the interface is incomplete'
      when 'in_flight' then 'Of ' || subject || ' over ' || amount_words || ' no answer has come: ' || words
      else 'The ' || subject || ' over ' || amount_words || ' did not reach the ERP: ' || words
    end || coalesce(beside_words, '') as reason,
    case
      when finding = 'unknown'
        then
          'Not tested: message ' || match_key || ' carries ' || subject || ', which ' || coalesce(
            key_not_testable_reason,
            'cannot be found among final documents of exactly one linked billing instance (see R20)'
          )
      when finding = 'unmapped'
        then
          'Not tested: message ' || match_key || ' has status ' || coalesce(status, '(none)')
          || ', expected accepted, rejected, dead_lettered or in_flight'
      when finding = 'unlogged_kind'
        then
          'Not tested: the ERP holds ' || subject || ' over ' || amount_words
          || ', but the log holds no messages of its kind and time, so it is unknown whether it came over the interface'
      else 'Not tested: ' || key_not_testable_reason
    end || coalesce(beside_words, '') as not_testable_reason,
    left_ref || coalesce('; ' || beside_refs, '') as left_ref,
    case when finding = 'arrived' then 'erp:' || key end as right_ref,
    due_at
  from cases
)
{{ reconcile('compared', code='R22', tolerance='T0', domains=['billing', 'erp']) }}
