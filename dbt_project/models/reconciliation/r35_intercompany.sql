-- One row per pair of legal entities, currency and accounting period: does what one owes equal what the other is owed?
-- What only one side booked does not cancel out on consolidation, and stays in the group's balance sheet.
with first_side as (
  select * from {{ ref('intercompany_side') }} where is_first
),

second_side as (
  select * from {{ ref('intercompany_side') }} where not is_first
),

paired as (
  select
    coalesce(first_side.source_instance, second_side.source_instance) as source_instance,
    coalesce(first_side.first_entity_code, second_side.first_entity_code) as first_entity_code,
    coalesce(first_side.second_entity_code, second_side.second_entity_code) as second_entity_code,
    coalesce(first_side.currency_code, second_side.currency_code) as currency_code,
    coalesce(first_side.period, second_side.period) as period,
    first_side.erp_instance as first_instance,
    second_side.erp_instance as second_instance,
    first_side.amount_minor as first_minor,
    second_side.amount_minor as second_minor,
    first_side.journal_ids as first_journals,
    second_side.journal_ids as second_journals,
    first_side.accounts as first_accounts,
    second_side.accounts as second_accounts,
    coalesce(first_side.amount_minor, 0) + coalesce(second_side.amount_minor, 0) as delta_minor
  from first_side
  full outer join second_side
    on
      second_side.source_instance = first_side.source_instance
      and second_side.first_entity_code = first_side.first_entity_code
      and second_side.second_entity_code = first_side.second_entity_code
      and second_side.currency_code = first_side.currency_code
      and second_side.period = first_side.period
),

calendar as (
  select * from {{ ref('accounting_period') }}
),

-- the other entity calls the same days by a label of its own
seconds as (
  select
    first_entity_code, second_entity_code, first_instance, second_instance, period,
    min(second_period) as second_period,
    max(second_end_date) as end_date
  from {{ ref('intercompany_period') }}
  group by first_entity_code, second_entity_code, first_instance, second_instance, period
),

dated as (
  select
    paired.*,
    coalesce(seconds.second_period, paired.period) as second_period,
    cast({{ add_days(
      'greatest(coalesce(first_calendar.end_date, seconds.end_date, '
      ~ month_end(period_start('paired.period'))
      ~ '), coalesce(seconds.end_date, first_calendar.end_date, '
      ~ month_end(period_start('paired.period')) ~ '))', 1
    ) }} as timestamp) as due_at
  from paired
  left join calendar as first_calendar
    on
      first_calendar.source_instance = coalesce(paired.first_instance, paired.source_instance)
      and first_calendar.legal_entity_code = paired.first_entity_code
      and first_calendar.period = paired.period
  left join seconds
    on
      seconds.first_instance = coalesce(paired.first_instance, paired.source_instance)
      and seconds.second_instance = coalesce(paired.second_instance, paired.source_instance)
      and seconds.first_entity_code = paired.first_entity_code
      and seconds.second_entity_code = paired.second_entity_code
      and seconds.period = paired.period
),

-- a rejected journal line may be the other side, or a part of either
rejected as (
  select source_instance, legal_entity_code, account_number, currency_code, period, key_text, reason
  from {{ ref('untestable_record') }}
  where domain = 'erp' and object = 'journal_lines'
),

untested as (
  select
    dated.source_instance, dated.first_entity_code, dated.second_entity_code, dated.currency_code, dated.period,
    min(
      'a row of journal_lines' || coalesce(' ' || rejected.key_text, ' whose key cannot be read') || ' '
      || rejected.reason
    ) as reason
  from dated
  inner join rejected
    on
      rejected.source_instance in (
        dated.source_instance, coalesce(dated.first_instance, dated.source_instance),
        coalesce(dated.second_instance, dated.source_instance)
      )
      and (
        rejected.key_text is null
        or (
          coalesce(rejected.legal_entity_code, dated.first_entity_code)
          in (dated.first_entity_code, dated.second_entity_code)
          and coalesce(rejected.currency_code, dated.currency_code) = dated.currency_code
          and (
            rejected.period is null
            or (
              rejected.period = dated.period
              and coalesce(rejected.legal_entity_code, dated.first_entity_code) = dated.first_entity_code
            )
            or (
              rejected.period = dated.second_period
              and coalesce(rejected.legal_entity_code, dated.second_entity_code) = dated.second_entity_code
            )
          )
        )
      )
  left join {{ ref('gl_account') }} as accounts
    on
      accounts.source_instance = rejected.source_instance
      and accounts.account_number = rejected.account_number
  where coalesce(accounts.control, 'intercompany') = 'intercompany'
  group by dated.source_instance, dated.first_entity_code, dated.second_entity_code, dated.currency_code, dated.period
),

compared as (
  select
    dated.source_instance,
    dated.first_entity_code || '-' || dated.second_entity_code || '|' || dated.currency_code || '|' || dated.period
      as match_key,
    dated.first_entity_code as legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    dated.currency_code,
    dated.period,
    dated.first_minor as left_value,
    -dated.second_minor as right_value,
    dated.delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    false as has_fault,
    case when dated.delta_minor <> 0 then 'one-sided' end as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    'Between ' || dated.first_entity_code || ' and ' || dated.second_entity_code || ' in ' || dated.period || ': '
    || case
      when dated.second_minor is null
        then
          dated.first_entity_code || ' booked ' || {{ money_words('dated.first_minor', 'dated.currency_code') }}
          || ' on ' || {{ listed('dated.first_accounts', 'account') }} || ' by ' || dated.first_journals || ', '
          || dated.second_entity_code || ' booked nothing'
      when dated.first_minor is null
        then
          dated.second_entity_code || ' booked ' || {{ money_words('dated.second_minor', 'dated.currency_code') }}
          || ' on ' || {{ listed('dated.second_accounts', 'account') }} || ' by ' || dated.second_journals || ', '
          || dated.first_entity_code || ' booked nothing'
      else
        dated.first_entity_code || ' booked ' || {{ money_words('dated.first_minor', 'dated.currency_code') }}
        || ' by ' || dated.first_journals || ', ' || dated.second_entity_code || ' '
        || {{ money_words('dated.second_minor', 'dated.currency_code') }} || ' by ' || dated.second_journals
        || '; together they should be nothing and are '
        || {{ money_words('dated.delta_minor', 'dated.currency_code') }}
    end as reason,
    'Not tested: ' || untested.reason as not_testable_reason,
    'journal_line:' || dated.first_journals as left_ref,
    'journal_line:' || dated.second_journals as right_ref,
    dated.due_at,
    {{ tolerance_t3('dated.first_minor', 'dated.second_minor') }} as tolerance_minor
  from dated
  left join untested
    on
      untested.source_instance = dated.source_instance
      and untested.first_entity_code = dated.first_entity_code
      and untested.second_entity_code = dated.second_entity_code
      and untested.currency_code = dated.currency_code
      and untested.period = dated.period
)
{{ reconcile('compared', code='R35', tolerance='T3', provisional=true, domains=['erp']) }}
