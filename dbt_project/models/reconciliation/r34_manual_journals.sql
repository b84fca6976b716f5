-- One row per manual journal: does it move a receivable, deferred revenue or revenue account, which only documents,
-- cash and schedules may move? A journal and its reversal in the same period moved nothing; a reversal in a later one
-- leaves two months misstated, and both stand.
with lines as (
  select
    journals.source_instance,
    journals.journal_id,
    coalesce(journals.reversal_of, journals.journal_id) as family_id,
    journals.legal_entity_code,
    journals.account_number,
    journals.period,
    journals.currency_code,
    journals.base_currency_code,
    journals.debit_minor,
    journals.credit_minor,
    journals.base_debit_minor,
    journals.base_credit_minor,
    journals.entered_by,
    journals.approved_by,
    accounts.account_number is null as is_unknown_account,
    coalesce(accounts.control in ('receivable', 'deferred_revenue', 'revenue'), false) as is_restricted
  from {{ ref('journal_line') }} as journals
  left join {{ ref('gl_account') }} as accounts
    on accounts.source_instance = journals.source_instance and accounts.account_number = journals.account_number
  where journals.source = 'manual'
),

account_nets as (
  select
    source_instance,
    family_id,
    period,
    sum(debit_minor - credit_minor) as net_minor,
    sum(base_debit_minor - base_credit_minor) as base_net_minor
  from lines
  where is_restricted
  group by source_instance, family_id, period, legal_entity_code, account_number, currency_code
),

families as (
  select
    source_instance,
    family_id,
    period,
    max(case when net_minor = 0 and base_net_minor = 0 then 0 else 1 end) = 0 as is_taken_back
  from account_nets
  group by source_instance, family_id, period
),

family_sizes as (
  select source_instance, family_id, count(distinct journal_id) as journal_count
  from lines
  group by source_instance, family_id
),

-- one currency where the lines have one, else the base currency of the books: a sum over currencies says nothing
journals as (
  select
    source_instance,
    journal_id,
    min(family_id) as family_id,
    min(legal_entity_code) as legal_entity_code,
    min(period) as period,
    count(distinct currency_code) filter (where is_restricted) <= 1 as has_one_currency,
    count(distinct base_currency_code) filter (where is_restricted) <= 1 as has_one_base_currency,
    min(case when is_restricted then currency_code end) as currency_code,
    min(case when is_restricted then base_currency_code end) as base_currency_code,
    coalesce(sum(case when is_restricted then debit_minor else 0 end), 0) as debit_minor,
    coalesce(sum(case when is_restricted then credit_minor else 0 end), 0) as credit_minor,
    coalesce(sum(case when is_restricted then base_debit_minor else 0 end), 0) as base_debit_minor,
    coalesce(sum(case when is_restricted then base_credit_minor else 0 end), 0) as base_credit_minor,
    min(entered_by) as entered_by,
    min(approved_by) as approved_by,
    {{ joined_text('case when is_restricted then account_number end', ', ') }} as accounts,
    {{ joined_text('case when is_unknown_account then account_number end', ', ') }} as unknown_accounts
  from lines
  group by source_instance, journal_id
),

-- what moved: the larger side, so that a shift from deferred revenue to revenue is not netted away
measured as (
  select
    *,
    case
      when has_one_currency and (debit_minor <> 0 or credit_minor <> 0)
        then case when debit_minor >= credit_minor then debit_minor else -credit_minor end
      when has_one_base_currency
        then case when base_debit_minor >= base_credit_minor then base_debit_minor else -base_credit_minor end
    end as moved_minor,
    case
      when has_one_currency and (debit_minor <> 0 or credit_minor <> 0) then currency_code
      else base_currency_code
    end as moved_currency_code,
    accounts is not null
    and (debit_minor <> 0 or credit_minor <> 0 or base_debit_minor <> 0 or base_credit_minor <> 0) as has_moved
  from journals
),

rejected as (
  {{ quarantined_rows('erp', 'journal_lines', ['journal_id', 'source', 'legal_entity_code']) }}
),

left_out as (
  select
    source_instance,
    key_text,
    reason
  from {{ ref('untestable_record') }}
  where domain = 'erp' and object = 'journal_lines'
),

not_testable as (
  select
    measured.source_instance,
    measured.journal_id,
    min('a line of it ' || left_out.reason) as reason
  from measured
  inner join left_out
    on
      left_out.source_instance = measured.source_instance
      and (
        left_out.key_text is null
        or substr(left_out.key_text, 1, length(measured.journal_id) + 1) = measured.journal_id || '|'
      )
  group by measured.source_instance, measured.journal_id
),

compared as (
  select
    measured.source_instance,
    measured.journal_id as match_key,
    measured.legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    measured.moved_currency_code as currency_code,
    measured.period,
    cast(0 as bigint) as left_value,
    case when measured.has_moved then measured.moved_minor else 0 end as right_value,
    case
      when measured.has_moved and not coalesce(families.is_taken_back and family_sizes.journal_count > 1, false)
        then -measured.moved_minor
      else 0
    end as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    measured.has_moved and not coalesce(families.is_taken_back and family_sizes.journal_count > 1, false) as has_fault,
    'C06' as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    'Manual journal ' || measured.journal_id || ' of ' || measured.period || ', entered by '
    || coalesce(measured.entered_by, 'an unknown user') || ' and '
    || case
      when measured.approved_by is null then 'approved by nobody'
      when measured.approved_by = measured.entered_by then 'approved by the same person'
      else 'approved by ' || measured.approved_by
    end
    || ', moves ' || {{ listed("coalesce(measured.accounts, '')", 'account') }} || ' of '
    || measured.legal_entity_code || ' by '
    || {{ money_words('measured.moved_minor', 'measured.moved_currency_code') }}
    || ', which only documents, cash and schedules may move; none stands behind it'
      as reason,
    case
      when not_testable.reason is not null then 'Not tested: ' || not_testable.reason
      when not measured.has_moved and measured.unknown_accounts is not null then
        'Not tested: ' || {{ listed('measured.unknown_accounts', 'account') }}
        || ' of manual journal ' || measured.journal_id
        || ' are not in the chart of accounts, so it is unknown what they control'
    end as not_testable_reason,
    cast(null as {{ dbt.type_string() }}) as left_ref,
    'journal_line:' || measured.journal_id as right_ref,
    cast(null as timestamp) as due_at
  from measured
  left join families
    on
      families.source_instance = measured.source_instance
      and families.family_id = measured.family_id
      and families.period = measured.period
  left join family_sizes
    on family_sizes.source_instance = measured.source_instance and family_sizes.family_id = measured.family_id
  left join not_testable
    on not_testable.source_instance = measured.source_instance and not_testable.journal_id = measured.journal_id

  union all

  -- a journal none of whose lines came through
  select
    {{ untested_columns(
      'rejected.source_instance', 'rejected.journal_id',
      "'a line of it was rejected at the boundary: ' || min(rejected.reason)",
      right_ref="'journal_line:' || rejected.journal_id", legal_entity_code='min(rejected.legal_entity_code)'
    ) }}
  from rejected
  left join measured
    on measured.source_instance = rejected.source_instance and measured.journal_id = rejected.journal_id
  where rejected.source = 'manual' and rejected.journal_id is not null and measured.journal_id is null
  group by rejected.source_instance, rejected.journal_id
)
{{ reconcile('compared', code='R34', tolerance='T0', domains=['erp']) }}
