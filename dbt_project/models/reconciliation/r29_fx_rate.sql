-- One row per ERP document: is it translated at the policy table's spot rate of its posting date, and is the money that
-- settled it translated at the rate of its own day? A wrong rate moves revenue, receivables and exchange differences of
-- the books, and nothing in the document's currency shows it.
with documents as (
  select * from {{ ref('ar_document') }}
),

rates as (
  select * from {{ ref('document_rate') }}
),

-- base amounts are whole minor units: one per booked line is rounding, whatever the size
measured as (
  select
    source_instance,
    document_id,
    part,
    booked_minor - policy_minor as delta_minor,
    coalesce(is_other_rate, false)
    or abs(booked_minor - policy_minor) > greatest({{ tolerance_t3('booked_minor', 'policy_minor') }}, line_count)
      as is_wrong,
    case
      when untested_reason is not null then untested_reason
      when rate_date is null
        then
          'the policy table has no spot rate of ' || currency_code || ' to ' || base_currency_code || ' for '
          || cast(rate_day as {{ dbt.type_string() }}) || ' or the week before'
      when fx_rate is null and currency_code <> base_currency_code
        then coalesce('receipt ' || receipt_id, 'document ' || document_id) || ' states no rate'
      when is_other_rate is null or booked_minor is null or policy_minor is null
        then 'an amount or rate is too large to be translated exactly'
    end as untested_reason,
    receipt_id,
    fx_rate,
    booked_minor,
    policy_minor,
    line_count,
    rate_date,
    policy_numerator,
    policy_denominator
  from rates
),

own as (
  select
    *,
    cast(
      {{ from_billionths(whole_div('cast(policy_numerator as ' ~ whole() ~ ') * 1000000000',
        'cast(policy_denominator as ' ~ whole() ~ ')')) }} as decimal(28, 9)
    ) as policy_rate
  from measured
  where part = 'document'
),

settlement as (
  select
    source_instance,
    document_id,
    cast(sum(case when is_wrong then delta_minor else 0 end) as bigint) as delta_minor,
    max(case when is_wrong then 1 else 0 end) = 1 as is_wrong,
    {{ joined_text("case when is_wrong and part = 'receipt' then receipt_id end", ', ') }} as receipt_ids,
    min(untested_reason) as untested_reason
  from measured
  where part <> 'document'
  group by source_instance, document_id
),

untested_journals as (
  select source_instance, document_id, min('a journal line of it ' || reason) as reason
  from {{ ref('untestable_record') }}
  where domain = 'erp' and object = 'journal_lines' and document_id is not null
  group by source_instance, document_id
),

rejected_documents as (
  select
    source_instance,
    key_text as document_id,
    min(legal_entity_code) as legal_entity_code,
    min('a row of ar_documents' || coalesce(' ' || key_text, ' whose key cannot be read') || ' ' || reason) as reason
  from {{ ref('untestable_record') }}
  where domain = 'erp' and object = 'ar_documents'
  group by source_instance, key_text
),

compared as (
  select
    documents.source_instance,
    documents.document_id as match_key,
    documents.legal_entity_code,
    customers.billing_customer_id as customer_id,
    entities.base_currency_code as currency_code,
    documents.period,
    own.booked_minor as left_value,
    own.policy_minor as right_value,
    case
      when own.is_wrong or not coalesce(settlement.is_wrong, false) then own.delta_minor
      else settlement.delta_minor
    end as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    own.is_wrong or coalesce(settlement.is_wrong, false) as has_fault,
    case when own.is_wrong or not coalesce(settlement.is_wrong, false) then 'C12' else 'D10' end as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    'Document ' || documents.document_id || ' of '
    || {{ money_words('documents.total_amount_minor', 'documents.currency_code') }}
    || case
      when own.is_wrong or not coalesce(settlement.is_wrong, false)
        then
          ' is booked at ' || coalesce({{ quantity_words('documents.fx_rate') }}, 'no rate') || ' as '
          || {{ money_words('own.booked_minor', 'entities.base_currency_code') }} || '; the policy rate of '
          || cast(own.rate_date as {{ dbt.type_string() }}) || ' is ' || {{ quantity_words('own.policy_rate') }}
          || ', which makes ' || {{ money_words('own.policy_minor', 'entities.base_currency_code') }}
      when settlement.receipt_ids is not null
        then
          ' was settled by ' || {{ listed('settlement.receipt_ids', 'receipt') }}
          || ' at another rate than the policy of their day: '
          || 'the realised exchange difference is wrong by '
          || {{ money_words('settlement.delta_minor', 'entities.base_currency_code') }}
      else
        ' was taken off the receivable at another rate than its own: the realised exchange difference is wrong by '
        || {{ money_words('settlement.delta_minor', 'entities.base_currency_code') }}
    end as reason,
    'Not tested: ' || coalesce(
      any_rejected.reason,
      untested_journals.reason,
      own.untested_reason,
      settlement.untested_reason,
      case when own.document_id is null then 'entity ' || documents.legal_entity_code || ' is unknown to this ERP' end
    ) as not_testable_reason,
    'ar_document:' || documents.document_id as left_ref,
    'fx_rate:' || documents.currency_code || '|' || entities.base_currency_code || '|'
    || cast(own.rate_date as {{ dbt.type_string() }}) || '|spot' as right_ref,
    cast(null as timestamp) as due_at,
    greatest({{ tolerance_t3('own.booked_minor', 'own.policy_minor') }}, own.line_count) as tolerance_minor
  from documents
  left join own
    on own.source_instance = documents.source_instance and own.document_id = documents.document_id
  left join settlement
    on settlement.source_instance = documents.source_instance and settlement.document_id = documents.document_id
  left join {{ ref('legal_entity') }} as entities
    on
      entities.source_instance = documents.source_instance
      and entities.legal_entity_code = documents.legal_entity_code
  left join {{ ref('erp_customer') }} as customers
    on
      customers.source_instance = documents.source_instance
      and customers.erp_customer_id = documents.erp_customer_id
  left join untested_journals
    on
      untested_journals.source_instance = documents.source_instance
      and untested_journals.document_id = documents.document_id
  left join rejected_documents as any_rejected
    on any_rejected.source_instance = documents.source_instance and any_rejected.document_id is null

  union all

  select
    {{ untested_columns(
      'unknown.source_instance', 'unknown.document_id', 'unknown.reason',
      left_ref="'ar_document:' || unknown.document_id", legal_entity_code='unknown.legal_entity_code'
    ) }},
    cast(null as bigint) as tolerance_minor
  from rejected_documents as unknown
  left join documents
    on documents.source_instance = unknown.source_instance and documents.document_id = unknown.document_id
  where unknown.document_id is not null and documents.document_id is null
)
{{ reconcile('compared', code='R29', tolerance='T3', domains=['erp']) }}
