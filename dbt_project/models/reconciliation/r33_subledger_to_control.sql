-- One row per legal entity, receivable account, currency and period: did the ledger move as the subledger did?
-- A difference brought forward is no new break; it is said in words, because the balance still carries it.
with cells as (
  select * from {{ ref('receivable_cell') }}
),

-- what one entity or account has too much and another too little, by the same amount, was posted to the wrong one
opposite_pairs as (
  select
    cells.source_instance, cells.legal_entity_code, cells.account_number, cells.currency_code, cells.period,
    others.legal_entity_code || ' account ' || others.account_number as counterpart,
    count(*) over (
      partition by
        cells.source_instance, cells.legal_entity_code, cells.account_number, cells.currency_code, cells.period
    ) as candidates,
    count(*) over (
      partition by
        others.source_instance, others.legal_entity_code, others.account_number, others.currency_code, others.period
    ) as rivals
  from cells
  inner join cells as others
    on
      others.source_instance = cells.source_instance
      and others.currency_code = cells.currency_code
      and others.period = cells.period
      and others.delta_minor + others.manual_minor = -(cells.delta_minor + cells.manual_minor)
      and (others.legal_entity_code <> cells.legal_entity_code or others.account_number <> cells.account_number)
  where cells.delta_minor + cells.manual_minor <> 0
),

-- one amount makes up for one other: of several candidates none is known to
opposites as (
  select * from opposite_pairs
  where candidates = 1 and rivals = 1
),

strays as (
  select
    source_instance, legal_entity_code, account_number, currency_code, period,
    max(case when kind = 'without_journal' then amount_minor end) as unjournaled_minor,
    max(case when kind = 'without_journal' then documents end) as unjournaled_documents,
    max(case when kind = 'other_period' then amount_minor end) as displaced_minor,
    max(case when kind = 'other_period' then documents end) as displaced_documents
  from {{ ref('receivable_stray') }}
  group by source_instance, legal_entity_code, account_number, currency_code, period
),

-- documents whose own journal never reached a receivable account of their entity
astray as (
  select
    subledger.source_instance, subledger.legal_entity_code, subledger.account_number, subledger.currency_code,
    subledger.period,
    {{ whole_sum('subledger.amount_minor') }} as astray_minor,
    {{ joined_text('subledger.document_id', ', ') }} as astray_documents
  from {{ ref('receivable_subledger') }} as subledger
  inner join {{ ref('receivable_account') }} as accounts
    on accounts.source_instance = subledger.source_instance and accounts.document_id = subledger.document_id
  where
    subledger.object = 'ar_document'
    and accounts.journal_legal_entity_code is distinct from subledger.legal_entity_code
    and exists (
      select 1 from {{ ref('journal_line') }} as journals
      where journals.source_instance = subledger.source_instance and journals.document_id = subledger.document_id
    )
  group by
    subledger.source_instance, subledger.legal_entity_code, subledger.account_number, subledger.currency_code,
    subledger.period
),

-- cash whose receipt the ERP took back without undoing what it had settled
taken_back as (
  select
    subledger.source_instance, subledger.legal_entity_code, subledger.account_number, subledger.currency_code,
    subledger.period,
    {{ whole_sum('subledger.amount_minor') }} as taken_back_minor,
    {{ joined_text('applications.receipt_id', ', ') }} as taken_back_receipts,
    {{ joined_text('subledger.document_id', ', ') }} as taken_back_documents
  from {{ ref('receivable_subledger') }} as subledger
  inner join {{ ref('document_application') }} as applications
    on applications.source_instance = subledger.source_instance and applications.application_id = subledger.key
  where subledger.object = 'void_application'
  group by
    subledger.source_instance, subledger.legal_entity_code, subledger.account_number, subledger.currency_code,
    subledger.period
),

not_testable as (
  select
    source_instance,
    legal_entity_code,
    account_number,
    currency_code,
    period,
    key_text is null or legal_entity_code is null as is_any,
    'a row of ' || object || coalesce(' ' || key_text, ' whose key cannot be read') || ' ' || reason as reason
  from {{ ref('untestable_record') }}
  where domain = 'erp' and object in ('journal_lines', 'ar_documents', 'cash_applications')

  union all

  -- money of another currency moves the receivable by an amount that only the ledger states
  {%- for currency in ['document_currency_code', 'currency_code'] %}
  select
    applications.source_instance,
    applications.legal_entity_code,
    accounts.account_number,
    applications.{{ currency }},
    applications.period,
    false as is_any,
    'cash application ' || applications.application_id || ' of receipt ' || applications.receipt_id || ' puts '
    || {{ money_words('applications.amount_minor', 'applications.currency_code') }} || ' on document '
    || applications.document_id || ' in ' || applications.document_currency_code
    || ', so nothing says by how much the subledger moved' as reason
  from {{ ref('document_application') }} as applications
  inner join {{ ref('receivable_account') }} as accounts
    on accounts.source_instance = applications.source_instance and accounts.document_id = applications.document_id
  where applications.is_other_currency
  {{ 'union all' if not loop.last }}
  {%- endfor %}
),

untested_cells as (
  select
    cells.source_instance, cells.legal_entity_code, cells.account_number, cells.currency_code, cells.period,
    min(not_testable.reason) as reason
  from cells
  inner join not_testable
    on
      not_testable.source_instance = cells.source_instance
      and (
        not_testable.is_any
        or (
          not_testable.legal_entity_code = cells.legal_entity_code
          and coalesce(not_testable.account_number, cells.account_number) = cells.account_number
          and coalesce(not_testable.currency_code, cells.currency_code) = cells.currency_code
          and coalesce(not_testable.period, cells.period) = cells.period
        )
      )
  group by cells.source_instance, cells.legal_entity_code, cells.account_number, cells.currency_code, cells.period
),

judged as (
  select
    cells.*,
    opposites.counterpart,
    astray.astray_documents,
    taken_back.taken_back_receipts,
    taken_back.taken_back_documents,
    strays.unjournaled_documents,
    strays.displaced_documents,
    untested_cells.reason as untested_reason,
    case
      when cells.manual_minor <> 0 and cells.delta_minor = -cells.manual_minor then 'manual'
      when cells.orphan_minor <> 0 and cells.delta_minor = -cells.orphan_minor then 'orphan'
      when cells.other_entity_minor <> 0 and cells.delta_minor = -cells.other_entity_minor then 'other_entity'
      when taken_back.taken_back_minor = cells.delta_minor then 'taken_back'
      when astray.astray_minor = cells.delta_minor then 'astray'
      when strays.unjournaled_minor = cells.delta_minor then 'unjournaled'
      when strays.displaced_minor = cells.delta_minor then 'displaced'
      when opposites.counterpart is not null then 'opposite'
      when cells.manual_minor <> 0 then 'manual'
      when cells.orphan_minor <> 0 then 'orphan'
      else 'unexplained'
    end as finding
  from cells
  left join opposites
    on
      opposites.source_instance = cells.source_instance
      and opposites.legal_entity_code = cells.legal_entity_code
      and opposites.account_number = cells.account_number
      and opposites.currency_code = cells.currency_code
      and opposites.period = cells.period
  left join astray
    on
      astray.source_instance = cells.source_instance
      and astray.legal_entity_code = cells.legal_entity_code
      and astray.account_number = cells.account_number
      and astray.currency_code = cells.currency_code
      and astray.period = cells.period
  left join taken_back
    on
      taken_back.source_instance = cells.source_instance
      and taken_back.legal_entity_code = cells.legal_entity_code
      and taken_back.account_number = cells.account_number
      and taken_back.currency_code = cells.currency_code
      and taken_back.period = cells.period
  left join strays
    on
      strays.source_instance = cells.source_instance
      and strays.legal_entity_code = cells.legal_entity_code
      and strays.account_number = cells.account_number
      and strays.currency_code = cells.currency_code
      and strays.period = cells.period
  left join untested_cells
    on
      untested_cells.source_instance = cells.source_instance
      and untested_cells.legal_entity_code = cells.legal_entity_code
      and untested_cells.account_number = cells.account_number
      and untested_cells.currency_code = cells.currency_code
      and untested_cells.period = cells.period
),

compared as (
  select
    source_instance,
    legal_entity_code || '|' || account_number || '|' || currency_code || '|' || period as match_key,
    legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    currency_code,
    period,
    subledger_minor as left_value,
    ledger_minor as right_value,
    delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    false as has_fault,
    case
      when finding in ('manual', 'orphan', 'taken_back', 'unjournaled') then 'C06'
      when finding = 'displaced' then 'C10'
      when finding = 'unexplained' then 'C99'
      else 'C09'
    end as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    'Receivable account ' || account_number || ' of ' || legal_entity_code || ' moved by '
    || {{ money_words('coalesce(ledger_minor, 0)', 'currency_code') }} || ' in ' || period || ', its subledger by '
    || {{ money_words('coalesce(subledger_minor, 0)', 'currency_code') }} || case finding
      when 'manual'
        then
          ': '
          || {{ listed('manual_journals', 'manual journal') }}
          || coalesce(', entered by ' || manual_by || ',', '')
          || ' moved the account by '
          || {{ money_words('manual_minor', 'currency_code') }} || ' past the subledger'
      when 'orphan'
        then
          ': ' || {{ listed('orphan_journals', 'journal') }} || ' of '
          || {{ money_words('orphan_minor', 'currency_code') }}
          || {{ by_number('orphan_journals', ' has', ' have') }} || ' no document'
          || coalesce(
            '; ' || summary_journals || {{ by_number('summary_journals', ' holds', ' hold') }}
            || ' invoices by their amounts (R14), of which the subledger shows none',
            ''
          )
      when 'other_entity'
        then
          ': ' || {{ listed('other_entity_journals', 'journal') }} || ' of '
          || {{ money_words('other_entity_minor', 'currency_code') }}
          || {{ by_number('other_entity_journals', ' belongs', ' belong') }} || ' to documents of another entity'
      when 'taken_back'
        then
          ': ' || {{ listed('taken_back_receipts', 'receipt') }}
          || ' taken back without a journal that opens ' || {{ listed('taken_back_documents', 'document') }} || ' again'
      when 'astray'
        then ': the journals of ' || {{ listed('astray_documents', 'document') }} || ' never reached this account'
      when 'unjournaled'
        then
          ': ' || {{ listed('unjournaled_documents', 'document') }}
          || {{ by_number('unjournaled_documents', ' has', ' have') }} || ' no journal at all'
      when 'displaced'
        then
          ': the journals of ' || {{ listed('displaced_documents', 'document') }} || ' stand in another period than '
          || {{ by_number('displaced_documents', 'it does', 'they do') }}
      when 'opposite' then ': the same amount with the opposite sign stands in ' || counterpart
      else ': no manual journal, journal without document or opposite posting explains it'
    end
    || case
      when
        (manual_minor + orphan_minor + other_entity_minor) <> 0
        and finding in ('manual', 'orphan')
        and delta_minor + manual_minor + orphan_minor + other_entity_minor <> 0
        then
          '; ' || {{ money_words('delta_minor + manual_minor + orphan_minor + other_entity_minor', 'currency_code') }}
          || ' remains unexplained'
      else ''
    end
    || '. With what is brought forward the balance differs by '
    || {{ money_words('balance_delta_minor', 'currency_code') }}
      as reason,
    'Not tested: ' || untested_reason as not_testable_reason,
    case when subledger_minor is not null then 'ar_subledger:' || legal_entity_code || '|' || account_number end
      as left_ref,
    case
      when coalesce(manual_journals, orphan_journals, other_entity_journals) is not null
        then 'journal_line:' || coalesce(manual_journals, orphan_journals, other_entity_journals)
      when ledger_minor is not null then 'gl_account:' || account_number
    end as right_ref,
    cast(null as timestamp) as due_at
  from judged
),

judged_results as (
  select * from (
    with passed_on as (
      select * from compared
    )
    {{ reconcile('passed_on', code='R33', tolerance='T0', domains=['erp']) }}
  ) as results
)

select
  results.code,
  results.source_instance,
  results.match_key,
  results.legal_entity_code,
  results.customer_id,
  results.currency_code,
  results.period,
  results.left_value,
  results.right_value,
  results.delta_minor,
  results.delta_quantity,
  results.status,
  results.cause_code,
  results.failure_class,
  case
    when results.status = 'matched' and cells.balance_delta_minor <> 0
      then
        'The movement agrees; the balance still differs by '
        || {{ money_words('cells.balance_delta_minor', 'cells.currency_code') }}
        || ' brought forward from earlier periods'
    else results.reason
  end as reason,
  results.left_ref,
  results.right_ref,
  results.due_at
from judged_results as results
left join cells
  on
    cells.source_instance = results.source_instance
    and cells.legal_entity_code = results.legal_entity_code
    and cells.currency_code = results.currency_code
    and cells.period = results.period
    and results.match_key
    = cells.legal_entity_code || '|' || cells.account_number || '|' || cells.currency_code || '|' || cells.period
