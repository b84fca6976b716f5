-- One row per live finalized invoice: is its tax the tax of its lines at their rates, and does the ERP hold the same
-- base and the same tax? Tax is rounded once per line, so each line may be one minor unit off, five per document.
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

invoices as (
  select * from {{ ref('invoice') }} where is_live
),

-- four decimals of a percentage: a rate is a whole number of millionths of the amount
lines as (
  select
    *,
    cast(tax_rate * 10000 as {{ whole() }}) as rate_millionths,
    cast(1000000 as {{ whole() }}) as million
  from {{ ref('invoice_line') }}
  where invoice_is_live
),

taxed as (
  select
    *,
    cast({{ mul_div_round('amount_minor', 'rate_millionths', 'million') }} as bigint) as recomputed_minor
  from lines
),

recomputed as (
  select
    source_instance,
    invoice_id,
    count(*) as line_count,
    cast(sum(amount_minor) as bigint) as base_minor,
    cast(sum(tax_amount_minor) as bigint) as line_tax_minor,
    cast(sum(recomputed_minor) as bigint) as tax_minor,
    count(*) filter (where recomputed_minor is null) as untaxed_count,
    {{ joined_text(
      "case when abs(recomputed_minor - tax_amount_minor) > 1 then line_id || ' (' || tax_code || ')' end", ', '
    ) }} as wrong_lines
  from taxed
  group by source_instance, invoice_id
),

not_testable as (
  select * from {{ ref('billing_key_not_testable') }} where kind = 'invoice'
),

rejected as (
  {{ quarantined_rows('billing', 'invoice_lines', ['invoice_id', 'subscription_id']) }}
),

-- a line that names no invoice is of one that bills its subscription or the customer of that; of any, if it names none
possible_invoices as (
  select subscriptions.source_instance, subscriptions.subscription_id, invoices.invoice_id
  from {{ ref('subscription') }} as subscriptions
  inner join invoices
    on
      invoices.source_instance = subscriptions.source_instance and invoices.customer_id = subscriptions.customer_id
  union
  select source_instance, subscription_id, invoice_id from {{ ref('invoice_line') }}
),

lost_lines as (
  select source_instance, invoice_id, min('a line of it was rejected at the boundary: ' || reason) as reason
  from rejected
  where invoice_id is not null
  group by source_instance, invoice_id
  union all
  select
    rejected.source_instance,
    possible_invoices.invoice_id,
    {{ counted('count(*)', 'row') }} || ' of invoice_lines that may be of it did not come through: '
    || min(coalesce(rejected.key_text || ' ', '') || rejected.reason) as reason
  from rejected
  left join possible_invoices
    on
      possible_invoices.source_instance = rejected.source_instance
      and possible_invoices.subscription_id = rejected.subscription_id
  where rejected.invoice_id is null
  group by rejected.source_instance, possible_invoices.invoice_id
  union all
  select
    source_instance, parent_key_text as invoice_id,
    min('a line of it could not be converted to minor units: ' || reason) as reason
  from {{ ref('unconvertible_row') }}
  where domain = 'billing' and object = 'invoice_lines'
  group by source_instance, parent_key_text
),

lost as (
  select source_instance, invoice_id, min(reason) as reason
  from lost_lines
  group by source_instance, invoice_id
),

paired as (
  select
    invoices.source_instance,
    invoices.invoice_id,
    invoices.legal_entity_code,
    invoices.customer_id,
    invoices.currency_code,
    invoices.net_amount_minor,
    invoices.tax_amount_minor,
    coalesce(policy.policy_period, policy.origin_period, {{ month_key('invoices.issue_date') }}) as period,
    coalesce(recomputed.line_count, 0) as line_count,
    recomputed.base_minor,
    recomputed.line_tax_minor,
    recomputed.tax_minor as recomputed_minor,
    coalesce(recomputed.untaxed_count, 0) as untaxed_count,
    recomputed.wrong_lines,
    -- a document in another entity or currency is R14's: its tax is not this tax
    case when posting.is_same_entity and posting.currency_code = invoices.currency_code then posting.document_id end
      as document_id,
    case when posting.is_same_entity and posting.currency_code = invoices.currency_code then posting.net_minor end
      as posted_net_minor,
    case when posting.is_same_entity and posting.currency_code = invoices.currency_code then posting.tax_minor end
      as posted_tax_minor,
    coalesce(own_key.reason, lost.reason, any_key.reason, lost_any.reason) as key_not_testable_reason,
    least(
      greatest(coalesce(recomputed.line_count, 1), 1) * parameters.rounding_minor_per_component,
      parameters.rounding_minor_per_document
    ) as tolerated
  from invoices
  cross join parameters
  left join recomputed
    on recomputed.source_instance = invoices.source_instance and recomputed.invoice_id = invoices.invoice_id
  left join {{ ref('invoice_posting') }} as posting
    on posting.source_instance = invoices.source_instance and posting.invoice_id = invoices.invoice_id
  left join {{ ref('posting_policy') }} as policy
    on
      policy.source_instance = invoices.source_instance
      and policy.key = invoices.invoice_id
      and policy.object = 'invoice'
  left join not_testable as own_key
    on own_key.source_instance = invoices.source_instance and own_key.key = invoices.invoice_id
  left join not_testable as any_key on any_key.source_instance = invoices.source_instance and any_key.key is null
  left join lost on lost.source_instance = invoices.source_instance and lost.invoice_id = invoices.invoice_id
  left join lost as lost_any on lost_any.source_instance = invoices.source_instance and lost_any.invoice_id is null
),

judged as (
  select
    *,
    case
      when document_id is not null and abs(tax_amount_minor - posted_tax_minor) > tolerated then 'erp_tax'
      when abs(recomputed_minor - tax_amount_minor) > tolerated then 'tax'
      when abs(line_tax_minor - tax_amount_minor) > tolerated then 'header'
      when abs(base_minor - net_amount_minor) > tolerated then 'base'
      when document_id is not null and abs(net_amount_minor - posted_net_minor) > tolerated then 'erp_base'
      else 'same'
    end as finding
  from paired
),

compared as (
  select
    source_instance,
    invoice_id as match_key,
    legal_entity_code,
    customer_id,
    currency_code,
    period,
    recomputed_minor as left_value,
    coalesce(posted_tax_minor, tax_amount_minor) as right_value,
    recomputed_minor - coalesce(posted_tax_minor, tax_amount_minor) as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    finding <> 'same' as has_fault,
    'C11' as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    'Invoice ' || invoice_id || case finding
      when 'erp_tax'
        then
          ' charges tax of ' || {{ money_words('tax_amount_minor', 'currency_code') }} || ', but document '
          || document_id || ' in the ERP holds ' || {{ money_words('posted_tax_minor', 'currency_code') }}
          || case
            when abs(recomputed_minor - tax_amount_minor) > tolerated
              then '; its lines at their rates give ' || {{ money_words('recomputed_minor', 'currency_code') }}
            else '; the lines at their rates confirm the invoice'
          end
          || case
            when abs(net_amount_minor - posted_net_minor) > tolerated
              then
                '; its base is ' || {{ money_words('posted_net_minor', 'currency_code') }} || ' instead of '
                || {{ money_words('net_amount_minor', 'currency_code') }}
            else ''
          end
      when 'tax'
        then
          ' charges tax of ' || {{ money_words('tax_amount_minor', 'currency_code') }}
          || ', but its lines at their rates give ' || {{ money_words('recomputed_minor', 'currency_code') }}
          || coalesce(': look at ' || {{ listed('wrong_lines', 'line') }}, '')
      when 'header'
        then
          ' charges tax of ' || {{ money_words('tax_amount_minor', 'currency_code') }} || ', but its lines charge '
          || {{ money_words('line_tax_minor', 'currency_code') }}
      when 'base'
        then
          ' has a net of ' || {{ money_words('net_amount_minor', 'currency_code') }} || ', but its lines add up to '
          || {{ money_words('base_minor', 'currency_code') }} || ', so tax is charged on another base'
      when 'erp_base'
        then
          ' has a net of ' || {{ money_words('net_amount_minor', 'currency_code') }} || ', but document ' || document_id
          || ' in the ERP declares the same tax on ' || {{ money_words('posted_net_minor', 'currency_code') }}
      else
        ' differs in tax by '
        || {{ money_words('recomputed_minor - coalesce(posted_tax_minor, tax_amount_minor)', 'currency_code') }}
        || case
          when posted_net_minor <> net_amount_minor
            then ', in net by ' || {{ money_words('net_amount_minor - posted_net_minor', 'currency_code') }}
          else ''
        end
        || ', which is rounding of ' || {{ counted('line_count', 'line') }}
    end as reason,
    case
      when key_not_testable_reason is not null then 'Not tested: ' || key_not_testable_reason
      when line_count = 0
        then 'Not tested: invoice ' || invoice_id || ' has no line whose tax could be computed (see R20)'
      when untaxed_count > 0
        then
          'Not tested: ' || {{ counted('untaxed_count', 'line') }} || ' of invoice ' || invoice_id
          || ' have no tax rate'
    end as not_testable_reason,
    'invoice:' || invoice_id as left_ref,
    'ar_document:' || document_id as right_ref,
    cast(null as timestamp) as due_at,
    2 * line_count as rounding_components,
    recomputed_minor <> tax_amount_minor
    or coalesce(posted_tax_minor, tax_amount_minor) <> tax_amount_minor
    or base_minor <> net_amount_minor
    or coalesce(posted_net_minor, net_amount_minor) <> net_amount_minor as has_difference
  from judged
)
{{ reconcile('compared', code='R15', tolerance='T1', domains=['billing'], differs='has_difference') }}
