-- One row per line of a live invoice: does it bill days after its subscription ended? Usage and one-time fees are not
-- split by day, so they count only where their service begins after the end; a recurring fee counts day by day, less
-- what credits and negative lines already gave back.
with lines as (
  select * from {{ ref('billed_line') }}
),

subscriptions as (
  select
    *,
    {{ subscription_end() }} as ends_on
  from {{ ref('subscription') }}
),

rejected as (
  select * from {{ ref('line_not_testable') }} where is_known
),

rejected_subscriptions as (
  select * from {{ ref('terms_not_testable') }} where scope = 'subscription'
),

credits as (
  select source_instance, invoice_line_id, cast(sum(amount_minor) as bigint) as amount_minor
  from {{ ref('credit_note_line') }}
  where credit_note_is_live and invoice_line_id is not null
  group by source_instance, invoice_line_id
),

dated as (
  select
    lines.*,
    subscriptions.subscription_id is not null as is_known_subscription,
    subscriptions.status,
    subscriptions.ends_on,
    coalesce(credits.amount_minor, 0) as credited_minor,
    rejected.reason as rejected_reason,
    rejected_subscriptions.reason as rejected_subscription_reason,
    {{ days_between('lines.service_start', 'lines.service_end') }} as service_days,
    case
      when subscriptions.ends_on is null or lines.replaced_by is not null then 0
      when lines.service_start >= subscriptions.ends_on
        then greatest({{ days_between('lines.service_start', 'lines.service_end') }}, 1)
      when lines.kind = 'recurring' and lines.service_end > subscriptions.ends_on
        then {{ days_between('subscriptions.ends_on', 'lines.service_end') }}
      else 0
    end as late_days
  from lines
  left join subscriptions
    on subscriptions.source_instance = lines.billing_instance and subscriptions.subscription_id = lines.subscription_id
  left join credits on credits.source_instance = lines.billing_instance and credits.invoice_line_id = lines.line_id
  left join rejected on rejected.billing_instance = lines.billing_instance and rejected.line_id = lines.line_id
  left join rejected_subscriptions
    on
      rejected_subscriptions.source_instance = lines.billing_instance
      and rejected_subscriptions.scope_id = lines.subscription_id
),

-- what falls on the days after the end, by day count
split as (
  select
    *,
    case
      when late_days = 0 then 0
      when late_days >= service_days then amount_minor
      else {{ mul_div_round('amount_minor', 'late_days', 'service_days') }}
    end as late_minor
  from dated
),

owed as (
  select
    *,
    case when late_minor > 0 then greatest(late_minor - greatest(credited_minor, 0), 0) else 0 end as uncredited_minor
  from split
),

-- negative lines give back the earliest service first
pooled as (
  select
    *,
    coalesce(sum(case when late_minor < 0 then -late_minor else 0 end) over (
      partition by billing_instance, subscription_id, sku
    ), 0) as given_back_minor,
    sum(uncredited_minor) over (
      partition by billing_instance, subscription_id, sku
      order by service_start, line_id
      rows between unbounded preceding and current row
    ) as owed_to_here_minor
  from owed
),

judged as (
  select
    *,
    least(uncredited_minor, greatest(owed_to_here_minor - given_back_minor, 0)) as over_minor,
    case
      when rejected_reason is not null then rejected_reason
      when not is_known_subscription then 'subscription ' || subscription_id || ' is unknown to billing (see R20)'
      when rejected_subscription_reason is not null then rejected_subscription_reason
      when status in ('cancelled', 'expired') and ends_on is null
        then 'subscription ' || subscription_id || ' is ' || status || ', and no date says since when'
    end as untestable
  from pooled
),

-- proration rounds: a minor unit left over after giving back is no billed day
settled as (
  select
    *,
    case when over_minor <= 1 and over_minor < late_minor then 0 else over_minor end as remaining_minor,
    late_days > 0 and amount_minor = 0 and quantity <> 0 as is_free_service
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
    amount_minor - remaining_minor as left_value,
    amount_minor as right_value,
    case when untestable is null then cast(-remaining_minor as bigint) end as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    is_free_service as has_fault,
    'B12' as cause_code,
    'business_rule' as failure_class,
    'Line ' || line_id || ' of invoice ' || coalesce(invoice_number, invoice_id) || ' bills '
    || {{ money_words('amount_minor', 'currency_code') }} || ' for ' || sku || ' from ' || service_start || ' to '
    || service_end || ' (exclusive), but subscription ' || subscription_id || ' (' || status || ') ended on '
    || ends_on || ': ' || {{ counted('late_days', 'day') }} || case when late_days = 1 then ' lies' else ' lie' end
    || ' after the end, worth '
    || {{ money_words('remaining_minor', 'currency_code') }}
    || case
      when remaining_minor < late_minor
        then
          ' after ' || {{ money_words('late_minor - remaining_minor', 'currency_code') }}
          || ' were given back'
      else ''
    end || '.' as reason,
    'Not tested: ' || untestable as not_testable_reason,
    'subscription:' || subscription_id as left_ref,
    'invoice_line:' || line_id as right_ref,
    cast(null as timestamp) as due_at
  from settled

  union all

  {{ unknown_lines() }}
)

{{ reconcile('compared', code='R12', tolerance='T0', by_date=true, domains=['billing']) }}
