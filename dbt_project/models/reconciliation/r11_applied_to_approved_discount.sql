-- One row per line of a live invoice: was the discount taken that the contract grants on that day, at a price that the
-- price book knows, and was every credit on it approved? Which price the contract names is R06's question; here an
-- amount that follows from a price nobody published counts.
with lines as (
  select * from {{ ref('line_expected') }} where kind <> 'minimum'
),

explanations as (
  select * from {{ ref('line_explanation') }}
),

taken_back as (
  select billing_instance, line_id, taken_back_cause
  from {{ ref('billed_line') }}
  where taken_back_cause is not null
),

rejected as (
  select * from {{ ref('line_not_testable') }} where is_known
),

-- where no credit note of an instance names anybody, approvals are not recorded there, and none can be missed
approvals as (
  select source_instance, count(approved_by) > 0 as is_recorded
  from {{ ref('credit_note') }}
  group by source_instance
),

unapproved_credits as (
  select
    credit_lines.source_instance,
    credit_lines.invoice_line_id,
    cast(sum(credit_lines.amount_minor) as bigint) as amount_minor,
    {{ joined_text('credit_lines.credit_note_id') }} as credit_note_ids
  from {{ ref('credit_note_line') }} as credit_lines
  inner join {{ ref('credit_note') }} as credit_notes
    on
      credit_notes.source_instance = credit_lines.source_instance
      and credit_notes.credit_note_id = credit_lines.credit_note_id
  where credit_lines.credit_note_is_live and credit_notes.approved_by is null
  group by credit_lines.source_instance, credit_lines.invoice_line_id
),

-- the line's own amount before discount, whatever its sign: another price or quantity leaves the percentage as it is
measured as (
  select
    lines.*,
    case when lines.amount_minor < 0 then -1 else 1 end as side,
    abs(lines.amount_minor)
    + case
      when lines.amount_minor < 0 then abs(coalesce(lines.discount_amount_minor, 0))
      else coalesce(lines.discount_amount_minor, 0)
    end as gross_minor,
    cast(1000000 - lines.discount_percent * 10000 as bigint) as agreed_factor,
    -- each later line of a month is the difference of two rounded amounts
    case when lines.turn > 1 then 2 else 1 end as rounding_minor,
    explanations.cause_code as explained_cause,
    explanations.detail,
    taken_back.taken_back_cause,
    credits.amount_minor as unapproved_minor,
    credits.credit_note_ids,
    coalesce(approvals.is_recorded, false) as has_approvals,
    rejected.reason as rejected_reason
  from lines
  left join explanations
    on explanations.billing_instance = lines.billing_instance and explanations.line_id = lines.line_id
  left join taken_back on taken_back.billing_instance = lines.billing_instance and taken_back.line_id = lines.line_id
  left join unapproved_credits as credits
    on credits.source_instance = lines.billing_instance and credits.invoice_line_id = lines.line_id
  left join approvals on approvals.source_instance = lines.billing_instance
  left join rejected
    on rejected.billing_instance = lines.billing_instance and rejected.line_id = lines.line_id
),

recomputed as (
  select
    *,
    {{ mul_div_round('gross_minor', 'agreed_factor', 'cast(1000000 as bigint)') }} as agreed_minor,
    -- the percentage that leads from the amount before discount to the billed one, in ten-thousandths
    {{ mul_div_round('(gross_minor - abs(amount_minor))', 'cast(1000000 as bigint)', 'gross_minor') }}
      as stated_percent,
    -- where the line does not show its discount, the same from the agreed amount
    1000000 - {{ mul_div_round('abs(amount_minor)', 'agreed_factor', 'abs(line_minor)') }} as hidden_percent
  from measured
),

found as (
  select
    *,
    abs(agreed_minor - abs(amount_minor)) > rounding_minor as is_stated_wrong,
    explained_cause = 'B08' and taken_back_cause is null as is_hidden_wrong,
    coalesce(
      explained_cause = 'B05' and detail like 'unit price %' and not is_proration and taken_back_cause is null, false
    ) as is_override
  from recomputed
),

judged as (
  select
    *,
    case
      when is_stated_wrong and taken_back_cause is null then 'discount'
      when is_hidden_wrong then 'hidden'
      when is_override then 'override'
      when unapproved_minor is not null and has_approvals then 'credit'
    end as finding,
    cast(
      case when is_stated_wrong or not coalesce(is_hidden_wrong, false) then stated_percent else hidden_percent end
      as decimal(38, 0)
    ) * cast(0.0001 as decimal(5, 4)) as applied_percent
  from found
),

valued as (
  select
    *,
    case
      when finding is null then discount_percent
      when finding in ('discount', 'hidden') then applied_percent
      else discount_percent
    end as right_percent,
    case finding
      when 'discount' then side * (agreed_minor - abs(amount_minor))
      when 'hidden' then line_minor - amount_minor
      when 'override' then line_minor - amount_minor
      when 'credit' then unapproved_minor
      else 0
    end as effect_minor,
    case
      when rejected_reason is not null then rejected_reason
      when not is_known_subscription then 'subscription ' || subscription_id || ' is unknown to billing (see R20)'
      when terms_id is null
        then
          'no terms for ' || sku || ' of subscription ' || subscription_id || ' are in force on ' || terms_date
          || ' (R09 tests the contract, R12 service after the end)'
      when untestable_reason is not null then untestable_reason
      when finding is null and unapproved_minor is not null
        then
          {{ listed('credit_note_ids', 'credit note') }}
          || {{ by_number('credit_note_ids', ' names', ' name') }}
          || ' no approver, and no credit note of this source names one, so approvals are not recorded'
    end as untestable
  from judged
),

compared as (
  select
    billing_instance as source_instance,
    line_id as match_key,
    legal_entity_code,
    customer_id,
    currency_code,
    case when kind in ('usage', 'minimum') then {{ month_end('service_start') }} else service_start end as filed_on,
    case when untestable is null then discount_percent end as left_value,
    right_percent as right_value,
    case when untestable is null then effect_minor end as delta_minor,
    case when untestable is null then cast(discount_percent - right_percent as decimal(38, 9)) end as delta_quantity,
    finding is not null as has_fault,
    case when finding in ('override', 'credit') then 'B14' else 'B08' end as cause_code,
    'business_rule' as failure_class,
    'Line ' || line_id || ' of invoice ' || coalesce(invoice_number, invoice_id) || ' bills '
    || {{ money_words('amount_minor', 'currency_code') }} || ' for ' || {{ quantity_words('quantity') }} || ' of '
    || sku || ' from ' || service_start || '; ' || case finding
      when 'override'
        then
          'the amount follows from a unit price of ' || {{ quantity_words('unit_amount') }}
          || ' that neither the contract nor the price book states: an override nobody approved, worth '
          || {{ money_words('effect_minor', 'currency_code') }} || ' against the agreed price.'
      when 'credit'
        then
          {{ listed('credit_note_ids', 'credit note') }}
          || {{ by_number('credit_note_ids', ' gives back ', ' give back ') }}
          || {{ money_words('unapproved_minor', 'currency_code') }} || ' of it without an approval.'
      else
        'a discount of ' || {{ quantity_words('right_percent') }} || ' % was taken where terms ' || terms_id
        || ' grant ' || {{ quantity_words('discount_percent') }} || ' % on that day'
        || case
          when discount_until < service_start
            then
              ' (' || {{ quantity_words('terms_discount_percent') }} || ' % were agreed until ' || discount_until || ')'
          else ''
        end
        || '; the difference is ' || {{ money_words('effect_minor', 'currency_code') }} || '.'
    end as reason,
    'Not tested: ' || untestable as not_testable_reason,
    'terms:' || terms_id as left_ref,
    'invoice_line:' || line_id as right_ref,
    cast(null as timestamp) as due_at
  from valued

  union all

  {{ unknown_lines() }}
)

{{ reconcile('compared', code='R11', tolerance='T0', measure='quantity', by_date=true, domains=['billing']) }}
