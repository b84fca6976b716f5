-- One row per line of a live invoice: is the billed quantity priced as agreed, and called what the product is? The
-- quantity itself is R05's question, service after the end R12's, an invoice issued twice R13's.
with lines as (
  select * from {{ ref('line_expected') }}
),

explanations as (
  select * from {{ ref('line_explanation') }}
),

rejected as (
  select * from {{ ref('billed_not_testable') }}
),

unreadable as (
  select billing_instance, min(reason) as reason from rejected where line_id is null group by billing_instance
),

own_rejected as (
  select billing_instance, line_id, min(reason) as reason
  from rejected
  where line_id is not null
  group by billing_instance, line_id
),

judged as (
  select
    lines.*,
    explanations.detail,
    coalesce(lines.terms_currency_code <> lines.currency_code, false) as is_other_currency,
    coalesce(lines.stated_kind <> lines.kind, false) as is_other_kind,
    case
      when lines.terms_currency_code <> lines.currency_code then 'B09'
      when lines.stated_kind <> lines.kind and lines.expected_minor = lines.amount_minor then 'wrong kind'
      when abs(lines.expected_minor - lines.amount_minor) <= 1 then 'B10'
      when lines.kind = 'minimum' then 'B06'
      when lines.missing_minimum_minor <> 0 and lines.line_minor = lines.amount_minor then 'B06'
      when explanations.cause_code is not null then explanations.cause_code
      when coalesce(lines.unit_amount <> lines.terms_unit_amount, false) then 'B05'
      else 'B99'
    end as cause_code,
    case
      when unreadable.reason is not null then unreadable.reason
      when own_rejected.reason is not null then own_rejected.reason
      when
        lines.service_end < lines.service_start
        or (lines.kind = 'recurring' and lines.service_end = lines.service_start)
        then
          'the line states service from ' || lines.service_start || ' to ' || lines.service_end
          || ' (exclusive), which is no time at all: the end must lie after the start'
      when
        not lines.is_known_subscription
        then 'subscription ' || lines.subscription_id || ' is unknown to billing (see R20)'
      when lines.terms_id is null
        then
          'no terms for ' || lines.sku || ' of subscription ' || lines.subscription_id || ' are in force on '
          || lines.terms_date || ' (R09 tests the contract, R12 service after the end)'
      when lines.untestable_reason is not null then lines.untestable_reason
      when lines.kind = 'recurring' and lines.interval_months is null
        then 'neither contract nor subscription states the billing interval'
      when lines.expected_minor is null
        then
          'the price '
          || lines.price_id
          || ' cannot be rated: a tier or unit price is missing, or the amount is too large'
    end as untestable
  from lines
  left join explanations
    on explanations.billing_instance = lines.billing_instance and explanations.line_id = lines.line_id
  left join unreadable on unreadable.billing_instance = lines.billing_instance
  left join own_rejected
    on own_rejected.billing_instance = lines.billing_instance and own_rejected.line_id = lines.line_id
),

compared as (
  select
    billing_instance as source_instance,
    line_id as match_key,
    legal_entity_code,
    customer_id,
    case when is_other_currency then terms_currency_code else currency_code end as currency_code,
    case when kind in ('usage', 'minimum') then {{ month_end('service_start') }} else service_start end as filed_on,
    case when untestable is null then expected_minor end as left_value,
    -- amounts of two currencies are never subtracted: in the contract's currency nothing was billed
    case when is_other_currency then 0 else amount_minor end as right_value,
    case when untestable is null then expected_minor - case when is_other_currency then 0 else amount_minor end end
      as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    is_other_currency or is_other_kind as has_fault,
    cause_code,
    'business_rule' as failure_class,
    'Line ' || line_id || ' of invoice ' || coalesce(invoice_number, invoice_id) || ' bills '
    || {{ money_words('amount_minor', 'currency_code') }}
    || ' for '
    || {{ quantity_words('quantity') }}
    || ' of '
    || sku
    || '; at the terms in force (' || terms_id || ', price ' || price_id || ') it is '
    || {{ money_words('expected_minor', 'terms_currency_code') }} || ': '
    || case cause_code
      when
        'B02'
        then 'the amount follows from terms that no longer hold, ' || coalesce(detail, 'an older version') || '.'
      when
        'B05'
        then
          'the amount follows from another price, tier or scheme, '
          || coalesce(detail, 'unknown to the price book')
          || '.'
      when 'B06'
        then case
          when kind = 'minimum' then 'the top-up to the minimum is wrong.'
          when missing_minimum_minor <> 0
            then
              'the minimum of ' || {{ money_words('minimum_amount_minor', 'terms_currency_code') }}
              || ' was not billed, '
              || {{ money_words('missing_minimum_minor', 'terms_currency_code') }}
              || ' are missing.'
          else 'the amount follows from another allowance, ' || coalesce(detail, 'unknown') || '.'
        end
      when 'B07'
        then
          'the amount follows from another proration, ' || coalesce(detail, 'unknown') || ' (' || active_days
          || ' of ' || interval_days || ' days are due).'
      when 'B08'
        then
          'the discount taken is not the agreed ' || {{ quantity_words('discount_percent') }} || ' %'
          || coalesce(' (agreed until ' || discount_until || ')', '') || '.'
      when 'B09' then 'it was invoiced in another currency than agreed.'
      when 'B10' then 'rounding' || coalesce(', ' || detail, '') || '.'
      when 'wrong kind' then 'the amount is right.'
      else 'no single factor explains the difference.'
    end
    || case
      when is_other_kind
        then
          ' The line calls itself ' || stated_kind || ', but the catalogue sells ' || sku || ' as ' || kind
          || ': whoever goes by the line takes it for another fee.'
      else ''
    end as reason,
    'Not tested: ' || untestable as not_testable_reason,
    'terms:' || terms_id as left_ref,
    'invoice_line:' || line_id as right_ref,
    cast(null as timestamp) as due_at,
    1 as rounding_components
  from judged

  union all

  select
    rejected.billing_instance as source_instance,
    rejected.line_id as match_key,
    null as legal_entity_code,
    null as customer_id,
    null as currency_code,
    {{ month_end('rejected.service_month') }} as filed_on,
    null as left_value,
    null as right_value,
    null as delta_minor,
    null as delta_quantity,
    false as has_fault,
    null as cause_code,
    null as failure_class,
    null as reason,
    'Not tested: ' || rejected.reason as not_testable_reason,
    null as left_ref,
    'invoice_line:' || rejected.line_id as right_ref,
    null as due_at,
    1 as rounding_components
  from rejected
  left join lines on lines.billing_instance = rejected.billing_instance and lines.line_id = rejected.line_id
  where rejected.line_id is not null and lines.line_id is null
)

{{ reconcile('compared', code='R06', tolerance='T1', by_date=true, domains=['billing']) }}
