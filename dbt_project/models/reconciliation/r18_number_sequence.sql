-- One row per invoice number of an entity's series that was given out or is missing: is the sequence complete, without
-- a number used twice, and in the order of its dates? A void keeps its number and is no gap.
with numbers as (
  select * from {{ ref('numbered_document') }} where running_number is not null
),

unreadable as (
  select * from {{ ref('numbered_document') }} where running_number is null
),

-- finalized invoices without a number stand outside of every sequence
unnumbered as (
  select * from {{ ref('invoice') }} where number is null and status <> 'draft' and finalized_at is not null
),

rejected as (
  {{ quarantined_rows('billing', 'invoices', ['number']) }}
),

rejected_numbers as (
  select source_instance, number, min(key_text) as key_text, min(reason) as reason
  from rejected
  group by source_instance, number
),

in_order as (
  select
    *,
    lag(running_number) over counter as previous_number,
    lag(number) over counter as previous_text,
    lag(digit_count) over counter as previous_digits,
    lag(last_issue_date) over counter as previous_date,
    lead(number) over counter as next_text,
    lead(issue_date) over counter as next_date,
    lag(last_issue_date, 2) over counter as second_previous_date
  from numbers
  window counter as (
    partition by source_instance, legal_entity_code, series, prefix, counter_year
    order by running_number, number
  )
),

year_starts as (
  select
    source_instance,
    legal_entity_code,
    series,
    yearly_counter,
    issue_year,
    min(running_number) as lowest
  from numbers
  where yearly_counter is not null
  group by source_instance, legal_entity_code, series, yearly_counter, issue_year
),

-- the first year of the data may begin anywhere; a later one begins where the counter always begins
first_numbers as (
  select
    later.source_instance,
    later.legal_entity_code,
    later.series,
    later.yearly_counter,
    later.issue_year,
    case when later.lowest <= 100 then 1 else least(later.lowest, earlier.lowest) end as begins_at
  from year_starts as later
  inner join year_starts as earlier
    on
      earlier.source_instance = later.source_instance
      and earlier.legal_entity_code = later.legal_entity_code
      and earlier.series = later.series
      and earlier.yearly_counter = later.yearly_counter
      and earlier.issue_year = later.issue_year - 1
),

holes as (
  select
    in_order.source_instance,
    in_order.legal_entity_code,
    in_order.series,
    in_order.prefix,
    coalesce(in_order.previous_number + 1, first_numbers.begins_at) as first_missing,
    in_order.running_number - 1 as last_missing,
    coalesce(in_order.previous_digits, in_order.digit_count) as digit_count,
    in_order.previous_text,
    in_order.previous_date,
    in_order.number as next_text,
    in_order.issue_date as next_date
  from in_order
  left join first_numbers
    on
      first_numbers.source_instance = in_order.source_instance
      and first_numbers.legal_entity_code = in_order.legal_entity_code
      and first_numbers.series = in_order.series
      and first_numbers.yearly_counter = in_order.yearly_counter
      and first_numbers.issue_year = in_order.issue_year
      and in_order.previous_number is null
  where in_order.running_number > coalesce(in_order.previous_number + 1, first_numbers.begins_at)
),

digits as (
  select digits.digit
  from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as digits (digit)
),

-- each missing number is a case of its own; a jump of more than a hundred is one case, named by its first number
missing as (
  select
    holes.*,
    holes.first_missing + tens.digit * 10 + ones.digit as running_number,
    holes.last_missing - holes.first_missing >= 100 as is_jump
  from holes
  cross join digits as tens
  cross join digits as ones
  where
    holes.first_missing + tens.digit * 10 + ones.digit <= holes.last_missing
    and (holes.last_missing - holes.first_missing < 100 or (tens.digit = 0 and ones.digit = 0))
),

missing_texts as (
  select
    *,
    prefix || {{ padded_number('running_number', 'digit_count') }} as number,
    prefix || {{ padded_number('last_missing', 'digit_count') }} as last_number
  from missing
),

-- where a date falls back, either the document before is too late or this one too early: the one before both decides
given as (
  select
    *,
    case
      when document_count > 1 then 'twice'
      when issue_date > next_date and coalesce(previous_date <= next_date, true) then 'late'
      when issue_date < previous_date and second_previous_date > issue_date then 'early'
      else 'same'
    end as finding
  from in_order
),

findings as (
  select
    source_instance, legal_entity_code, series, number, customer_id, issue_date, document_count as given_count,
    finding, first_ref,
    case finding
      when 'twice' then 'Number ' || number || ' stands on ' || documents || ': it was used again'
      when 'late'
        then
          'Number ' || number || ' (' || documents || ') is dated '
          || cast(issue_date as {{ dbt.type_string() }}) || ', later than ' || next_text || ' of '
          || cast(next_date as {{ dbt.type_string() }})
          || ', which follows it: an old number was used for a later document'
      when 'early'
        then
          'Number ' || number || ' (' || documents || ') is dated '
          || cast(issue_date as {{ dbt.type_string() }}) || ', earlier than ' || previous_text || ' of '
          || cast(previous_date as {{ dbt.type_string() }})
          || ', which comes before it: the document was dated back'
    end as reason,
    cast(null as {{ dbt.type_string() }}) as not_testable
  from given
  union all
  select
    missing_texts.source_instance, missing_texts.legal_entity_code, missing_texts.series, missing_texts.number,
    cast(null as {{ dbt.type_string() }}) as customer_id, missing_texts.next_date as issue_date, 0 as given_count,
    'missing' as finding, cast(null as {{ dbt.type_string() }}) as first_ref,
    case
      when missing_texts.is_jump then 'The numbers ' || missing_texts.number || ' to ' || missing_texts.last_number
      else 'Number ' || missing_texts.number
    end || ' of series ' || missing_texts.series || ' of entity ' || missing_texts.legal_entity_code
    || ' stands on no invoice, not even on a void one: it lies between '
    || coalesce(
      missing_texts.previous_text || ' of ' || cast(missing_texts.previous_date as {{ dbt.type_string() }}),
      'the beginning of the year'
    )
    || ' and ' || missing_texts.next_text || ' of ' || cast(missing_texts.next_date as {{ dbt.type_string() }})
      as reason,
    case
      when coalesce(same_number.reason, any_number.reason) is not null
        then
          'invoice ' || coalesce(same_number.key_text, any_number.key_text, 'whose key cannot be read')
          || ', which may have it, was rejected at the boundary: '
          || coalesce(same_number.reason, any_number.reason)
    end as not_testable
  from missing_texts
  left join rejected_numbers as same_number
    on
      same_number.source_instance = missing_texts.source_instance
      and same_number.number = missing_texts.number
  left join rejected_numbers as any_number
    on any_number.source_instance = missing_texts.source_instance and any_number.number is null
  union all
  select
    source_instance, legal_entity_code, series, number, customer_id, issue_date, document_count as given_count,
    case when document_count > 1 then 'twice' else 'same' end as finding, first_ref,
    'Number ' || number || ' stands on ' || documents || ': it was used again' as reason,
    case
      when document_count = 1
        then 'number ' || number || ' does not end in a running number, so it has no place in a sequence'
    end as not_testable
  from unreadable
  union all
  select
    source_instance, legal_entity_code, series, 'unnumbered invoice ' || invoice_id as number, customer_id, issue_date,
    1 as given_count, 'same' as finding, 'invoice:' || invoice_id as first_ref,
    cast(null as {{ dbt.type_string() }}) as reason,
    'final invoice ' || invoice_id || ' has no number' as not_testable
  from unnumbered
),

-- a counter that begins again gives the same number in two years: one case, the worse one
keyed as (
  select
    *,
    row_number() over (
      partition by source_instance, legal_entity_code, series, number
      order by case when finding = 'same' then 1 else 0 end, issue_date desc
    ) as rank
  from findings
),

compared as (
  select
    source_instance,
    legal_entity_code || '|' || series || '|' || number as match_key,
    legal_entity_code,
    customer_id,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    issue_date as filed_on,
    given_count as left_value,
    1 as right_value,
    cast(null as bigint) as delta_minor,
    cast(given_count - 1 as decimal(38, 9)) as delta_quantity,
    finding <> 'same' as has_fault,
    case finding
      when 'missing' then 'deleted draft'
      when 'same' then null
      else 'reuse'
    end as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    reason,
    'Not tested: ' || not_testable as not_testable_reason,
    first_ref as left_ref,
    cast(null as {{ dbt.type_string() }}) as right_ref,
    cast(null as timestamp) as due_at
  from keyed
  where rank = 1
)
{{ reconcile('compared', code='R18', tolerance='T0', measure='quantity', by_date=true, domains=['billing']) }}
