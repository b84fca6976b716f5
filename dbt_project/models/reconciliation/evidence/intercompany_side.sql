-- One row per pair of legal entities, entity of the pair, currency and accounting period: what its intercompany
-- accounts say of the other. The books of the other are those of the same ERP where it keeps them there, else of the
-- one other ERP that does: a group with an ERP per region still owes itself. The period is the first entity's own: what
-- the second booked stands in the period of the first that its days lie in.
with books as (
  select distinct source_instance, legal_entity_code
  from {{ ref('journal_line') }}
),

lines as (
  select
    journals.source_instance,
    journals.journal_id,
    journals.legal_entity_code,
    journals.counterparty_entity_code,
    journals.currency_code,
    journals.period,
    journals.account_number,
    journals.debit_minor - journals.credit_minor as amount_minor
  from {{ ref('journal_line') }} as journals
  inner join {{ ref('gl_account') }} as accounts
    on
      accounts.source_instance = journals.source_instance
      and accounts.account_number = journals.account_number
      and accounts.control = 'intercompany'
  where journals.counterparty_entity_code is not null and journals.source <> 'revaluation'
),

pairs as (
  select distinct source_instance, legal_entity_code, counterparty_entity_code
  from lines
),

elsewhere as (
  select
    pairs.source_instance,
    pairs.counterparty_entity_code,
    min(books.source_instance) as counterparty_instance,
    count(distinct books.source_instance) as instance_count
  from pairs
  inner join books on books.legal_entity_code = pairs.counterparty_entity_code
  where books.source_instance <> pairs.source_instance
  group by pairs.source_instance, pairs.counterparty_entity_code
),

placed as (
  select
    pairs.source_instance,
    pairs.legal_entity_code,
    pairs.counterparty_entity_code,
    case
      when own_books.source_instance is not null then pairs.source_instance
      when elsewhere.instance_count = 1 then elsewhere.counterparty_instance
      else pairs.source_instance
    end as counterparty_instance
  from pairs
  left join books as own_books
    on
      own_books.source_instance = pairs.source_instance
      and own_books.legal_entity_code = pairs.counterparty_entity_code
  left join elsewhere
    on
      elsewhere.source_instance = pairs.source_instance
      and elsewhere.counterparty_entity_code = pairs.counterparty_entity_code
)

select
  case
    when lines.legal_entity_code < lines.counterparty_entity_code then lines.source_instance
    else placed.counterparty_instance
  end as source_instance,
  least(lines.legal_entity_code, lines.counterparty_entity_code) as first_entity_code,
  greatest(lines.legal_entity_code, lines.counterparty_entity_code) as second_entity_code,
  lines.legal_entity_code < lines.counterparty_entity_code as is_first,
  lines.source_instance as erp_instance,
  lines.legal_entity_code,
  lines.currency_code,
  coalesce(shared.period, lines.period) as period,
  cast(sum(lines.amount_minor) as bigint) as amount_minor,
  {{ joined_text('lines.journal_id', ', ') }} as journal_ids,
  {{ joined_text('lines.account_number', ', ') }} as accounts
from lines
inner join placed
  on
    placed.source_instance = lines.source_instance
    and placed.legal_entity_code = lines.legal_entity_code
    and placed.counterparty_entity_code = lines.counterparty_entity_code
left join {{ ref('intercompany_period') }} as shared
  on
    shared.first_entity_code = lines.counterparty_entity_code
    and shared.second_entity_code = lines.legal_entity_code
    and shared.first_instance = placed.counterparty_instance
    and shared.second_instance = lines.source_instance
    and shared.second_period = lines.period
where lines.legal_entity_code <> lines.counterparty_entity_code
group by
  case
    when lines.legal_entity_code < lines.counterparty_entity_code then lines.source_instance
    else placed.counterparty_instance
  end,
  lines.source_instance, lines.legal_entity_code, lines.counterparty_entity_code, lines.currency_code,
  coalesce(shared.period, lines.period)
