-- One row per invoice number that a billing instance has given out, and its place in its sequence: which running number
-- is it, of which entity, series and counter? Credit notes count where they take numbers from an invoice series.
with invoices as (
  {{ vendor_union('billing', 'invoices', current_only=true) }}
),

credit_notes as (
  {{ vendor_union('billing', 'credit_notes', current_only=true) }}
),

invoice_series as (
  select distinct source_instance, legal_entity_code, series from invoices
),

-- from staging: a number was given out even where the amount of its invoice cannot be converted
numbered as (
  select
    source_instance, legal_entity_code, series, number, 'invoice' as object, invoice_id as key, issue_date, status,
    customer_id
  from invoices
  where number is not null
  union all
  select
    credit_notes.source_instance, credit_notes.legal_entity_code, credit_notes.series, credit_notes.number,
    'credit_note' as object, credit_notes.credit_note_id as key, credit_notes.issue_date, credit_notes.status,
    credit_notes.customer_id
  from credit_notes
  inner join invoice_series
    on
      invoice_series.source_instance = credit_notes.source_instance
      and invoice_series.legal_entity_code = credit_notes.legal_entity_code
      and invoice_series.series = credit_notes.series
),

-- one number may stand on several documents: that is a finding, and one place in the sequence
numbers as (
  select
    source_instance,
    legal_entity_code,
    series,
    number,
    count(*) as document_count,
    min(object || ':' || key) as first_ref,
    {{ joined_text("object || ' ' || key", ', ') }} as documents,
    min(issue_date) as issue_date,
    max(issue_date) as last_issue_date,
    min(customer_id) as customer_id,
    max(case when status = 'void' then 1 else 0 end) = 1 as has_void,
    {{ trailing_digits('number') }} as digit_count
  from numbered
  group by source_instance, legal_entity_code, series, number
),

parsed as (
  select
    *,
    substr(number, 1, length(number) - digit_count) as prefix,
    case
      when digit_count between 1 and 15
        then cast(substr(number, length(number) - digit_count + 1) as bigint)
    end as running_number,
    year(issue_date) as issue_year,
    cast(year(issue_date) as {{ dbt.type_string() }}) as year_text
  from numbers
),

years as (
  select
    source_instance,
    legal_entity_code,
    series,
    prefix,
    issue_year,
    min(running_number) as lowest,
    max(running_number) as highest
  from parsed
  group by source_instance, legal_entity_code, series, prefix, issue_year
),

-- a counter that begins again each year without saying so in its number: the year begins far below the last
restarts as (
  select
    later.source_instance,
    later.legal_entity_code,
    later.series,
    later.prefix,
    min(later.issue_year) as first_year
  from years as later
  inner join years as earlier
    on
      earlier.source_instance = later.source_instance
      and earlier.legal_entity_code = later.legal_entity_code
      and earlier.series = later.series
      and earlier.prefix = later.prefix
      and earlier.issue_year = later.issue_year - 1
  where (later.lowest - 1) * 2 <= earlier.highest and later.lowest <= earlier.highest - later.lowest
  group by later.source_instance, later.legal_entity_code, later.series, later.prefix
)

select
  parsed.source_instance,
  parsed.legal_entity_code,
  parsed.series,
  parsed.number,
  parsed.prefix,
  parsed.running_number,
  parsed.digit_count,
  parsed.document_count,
  parsed.documents,
  parsed.first_ref,
  parsed.issue_date,
  parsed.last_issue_date,
  parsed.customer_id,
  parsed.has_void,
  case when restarts.first_year is not null then parsed.issue_year end as counter_year,
  -- the counter's name without its year: the same counter a year before tells where a year begins
  case
    when restarts.first_year is not null then parsed.prefix
    when instr(parsed.prefix, parsed.year_text) > 0 then replace(parsed.prefix, parsed.year_text, '#')
  end as yearly_counter,
  parsed.issue_year
from parsed
left join restarts
  on
    restarts.source_instance = parsed.source_instance
    and restarts.legal_entity_code = parsed.legal_entity_code
    and restarts.series = parsed.series
    and restarts.prefix = parsed.prefix
