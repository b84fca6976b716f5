-- One row per legal entity, currency and ended accounting period: is what billing invoiced, less credits, equal to
-- revenue plus the change of deferred revenue less the change of unbilled receivables? It proves revenue from outside
-- the ledger: whatever the cause, an amount that is only in one of them shows here.
with billings as (
  select * from {{ ref('billed_period') }}
),

ledger as (
  select
    source_instance, legal_entity_code, currency_code, period,
    {{ whole_sum("case when control = 'revenue' then amount_minor else 0 end") }} as revenue_minor,
    {{ whole_sum("case when control = 'deferred_revenue' then amount_minor else 0 end") }} as deferred_minor,
    {{ whole_sum("case when control = 'unbilled' then -amount_minor else 0 end") }} as unbilled_minor,
    {{ whole_sum("case when origin in ('unsupported', 'remeasured') then amount_minor else 0 end") }}
      as unsupported_minor,
    {{ joined_text('journal_ids', ', ') }} as journal_ids
  from {{ ref('revenue_ledger') }}
  group by source_instance, legal_entity_code, currency_code, period
),

-- documents that R14 and R16 already found to differ in the cell name the cause; tax and rounding move no revenue.
-- An invoice posted to another entity, currency or period is too much there.
found as (
  {% for model in ['r14_invoice_to_receivable', 'r16_credit_to_reversal'] %}
  select source_instance, legal_entity_code, currency_code, period, match_key, cause_code
  from {{ ref(model) }}
  where status = 'break' and coalesce(cause_code, '') not in ('C11', 'C13')
  union all
  {% endfor %}
  select
    breaks.source_instance, posting.legal_entity_code, posting.currency_code, posting.period, breaks.match_key,
    breaks.cause_code
  from {{ ref('r14_invoice_to_receivable') }} as breaks
  inner join {{ ref('invoice_posting') }} as posting
    on posting.source_instance = breaks.source_instance and posting.invoice_id = breaks.match_key
  where
    breaks.status = 'break'
    and (
      posting.legal_entity_code <> breaks.legal_entity_code
      or posting.currency_code <> breaks.currency_code
      or posting.period <> breaks.period
    )
),

found_records as (
  select
    links.linked_instance as source_instance,
    found.legal_entity_code,
    found.currency_code,
    found.period,
    case when count(distinct found.cause_code) = 1 then min(found.cause_code) end as cause_code,
    {{ joined_text("found.match_key || coalesce(' (' || found.cause_code || ')', '')", ', ') }} as records
  from found
  inner join {{ source('config', 'instance_links') }} as links
    on links.source_instance = found.source_instance and links.domain = 'erp'
  group by links.linked_instance, found.legal_entity_code, found.currency_code, found.period
),

cells as (
  select
    coalesce(billings.source_instance, ledger.source_instance) as source_instance,
    coalesce(billings.legal_entity_code, ledger.legal_entity_code) as legal_entity_code,
    coalesce(billings.currency_code, ledger.currency_code) as currency_code,
    coalesce(billings.period, ledger.period) as period,
    billings.billed_minor,
    billings.due_at as posting_due_at,
    coalesce(billings.unplaced_documents, 0) as unplaced_documents,
    coalesce(ledger.revenue_minor, 0) as revenue_minor,
    coalesce(ledger.deferred_minor, 0) as deferred_minor,
    coalesce(ledger.unbilled_minor, 0) as unbilled_minor,
    coalesce(ledger.unsupported_minor, 0) as unsupported_minor,
    ledger.journal_ids,
    ledger.source_instance is not null as has_ledger,
    coalesce(ledger.revenue_minor, 0) + coalesce(ledger.deferred_minor, 0) - coalesce(ledger.unbilled_minor, 0)
      as proven_minor
  from billings
  full outer join ledger
    on
      ledger.source_instance = billings.source_instance
      and ledger.legal_entity_code = billings.legal_entity_code
      and ledger.currency_code = billings.currency_code
      and ledger.period = billings.period
),

judged as (
  select
    cells.*,
    coalesce(cells.billed_minor, 0) - cells.proven_minor as delta_minor,
    cast(abs(coalesce(cells.billed_minor, 0) - cells.proven_minor) as {{ whole() }}) as gap_minor,
    cast(rates.numerator as {{ whole() }}) as numerator,
    cast(rates.denominator as {{ whole() }}) as denominator,
    cast(materiality.clearly_trivial_minor as {{ whole() }}) as threshold_minor,
    entities.base_currency_code,
    found_records.cause_code as found_cause_code,
    found_records.records,
    untested.ledger_reason,
    greatest(
      cast({{ add_days(
        'coalesce(calendar.end_date, ' ~ add_days(next_month_start(period_start('cells.period')), -1) ~ ')', 1
      ) }} as timestamp),
      coalesce(cells.posting_due_at, cast({{ period_start('cells.period') }} as timestamp))
    ) as due_at
  from cells
  left join {{ ref('accounting_period') }} as calendar
    on
      calendar.source_instance = cells.source_instance
      and calendar.legal_entity_code = cells.legal_entity_code
      and calendar.period = cells.period
  left join {{ ref('legal_entity') }} as entities
    on
      entities.source_instance = cells.source_instance and entities.legal_entity_code = cells.legal_entity_code
  left join {{ ref('materiality') }} as materiality
    on
      materiality.source_instance = cells.source_instance
      and materiality.legal_entity_code = cells.legal_entity_code
      and materiality.period = cells.period
  left join {{ ref('entity_rate') }} as rates
    on
      rates.source_instance = cells.source_instance
      and rates.legal_entity_code = cells.legal_entity_code
      and rates.period = cells.period
      and rates.currency_code = cells.currency_code
  left join found_records
    on
      found_records.source_instance = cells.source_instance
      and found_records.legal_entity_code = cells.legal_entity_code
      and found_records.currency_code = cells.currency_code
      and found_records.period = cells.period
  left join {{ ref('revenue_cell_not_testable') }} as untested
    on
      untested.source_instance = cells.source_instance
      and untested.legal_entity_code = cells.legal_entity_code
      and untested.currency_code = cells.currency_code
      and untested.period = cells.period
),

translated as (
  select
    *,
    -- the threshold is in base currency: what a gap may be in the cell's own
    {{ fits_bigint(mul_div_round('threshold_minor', 'denominator', 'numerator')) }} as tolerance_minor
  from judged
),

compared as (
  select
    source_instance,
    legal_entity_code || '|' || currency_code || '|' || period as match_key,
    legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    currency_code,
    period,
    billed_minor as left_value,
    case when has_ledger then proven_minor end as right_value,
    delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    false as has_fault,
    case
      when delta_minor = 0 then null
      when unsupported_minor <> 0 and delta_minor = -unsupported_minor then 'C06'
      when found_cause_code is not null then found_cause_code
      when unsupported_minor <> 0 then 'C06'
      else 'C99'
    end as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    legal_entity_code || ' billed ' || {{ money_words('coalesce(billed_minor, 0)', 'currency_code') }}
    || ' net in ' || period || '; the ledger shows revenue of ' || {{ money_words('revenue_minor', 'currency_code') }}
    || ', deferred revenue up by ' || {{ money_words('deferred_minor', 'currency_code') }} || ' and unbilled up by '
    || {{ money_words('unbilled_minor', 'currency_code') }} || ', which proves '
    || {{ money_words('proven_minor', 'currency_code') }}
    || case
      when delta_minor <> 0
        then ': ' || {{ money_words('delta_minor', 'currency_code') }} || ' is not explained by them'
      else ''
    end
    || case
      when unsupported_minor <> 0
        then
          '; ' || {{ listed("coalesce(journal_ids, '')", 'journal') }} || ' without document or schedule moved '
          || {{ money_words('unsupported_minor', 'currency_code') }}
      else ''
    end
    || coalesce('; differing documents of the period: ' || records, '') as reason,
    case
      when ledger_reason is not null then 'Not tested: ' || ledger_reason
      when unplaced_documents > 0
        then
          'Not tested: several linked ERPs keep books of entity ' || legal_entity_code || ', so it is unknown in which '
          || {{ counted('unplaced_documents', 'document') }} || ' of ' || period
          || case when unplaced_documents = 1 then ' belongs' else ' belong' end
      when delta_minor <> 0 and tolerance_minor is null then
        'Not tested: no rate translates the threshold of ' || legal_entity_code || ' from '
        || coalesce(base_currency_code, 'its unknown base currency') || ' to ' || currency_code || ' for ' || period
    end as not_testable_reason,
    'invoice:' || legal_entity_code || '|' || currency_code || '|' || period as left_ref,
    case when has_ledger then 'gl_account:revenue, deferred_revenue, unbilled' end as right_ref,
    due_at,
    tolerance_minor
  from translated
)
{{ reconcile('compared', code='R32', tolerance='T4', provisional=true, domains=['billing', 'erp']) }}
