-- One row per document of either side, as R14 compares: is it on both sides with its amount, customer and currency?
with paired as (
  select
    coalesce(left_side.document_id, right_side.document_id) as document_id,
    coalesce(left_side.customer_id, right_side.customer_id) as customer_id,
    coalesce(left_side.currency_code, right_side.currency_code) as currency_code,
    left_side.amount_minor as left_minor,
    right_side.amount_minor as right_minor,
    case
      when right_side.document_id is null then 'missing'
      when left_side.document_id is null then 'unknown'
      when left_side.customer_id <> right_side.customer_id then 'customer'
      when left_side.currency_code <> right_side.currency_code then 'currency'
      when left_side.amount_minor <> right_side.amount_minor then 'amount'
      else 'same'
    end as finding
  from left_side
  full outer join right_side on right_side.document_id = left_side.document_id
),

compared as (
  select
    'billing' as source_instance,
    document_id as match_key,
    'US' as legal_entity_code,
    customer_id,
    currency_code,
    '2026-09' as period,
    left_minor as left_value,
    right_minor as right_value,
    coalesce(left_minor, 0) - coalesce(right_minor, 0) as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    finding <> 'same' as has_fault,
    case finding
      when 'missing' then 'C02' when 'unknown' then 'C06' when 'customer' then 'C09' when 'same' then null else 'C14'
    end as cause_code,
    case when finding = 'missing' then 'transport' end as failure_class,
    case finding
      when 'same' then null
      when 'missing'
        then
          'Invoice ' || document_id || ' over ' || {{ money_words('left_minor', 'currency_code') }} || ' is not posted'
      when 'unknown'
        then
          'Document ' || document_id || ' over ' || {{ money_words('right_minor', 'currency_code') }}
          || ' is of no invoice'
      when 'customer' then 'Invoice ' || document_id || ' is posted to another customer'
      when 'currency' then 'Invoice ' || document_id || ' is posted in another currency'
      else
        'Invoice ' || document_id || ' over ' || {{ money_words('left_minor', 'currency_code') }} || ' is posted over '
        || {{ money_words('right_minor', 'currency_code') }}
    end as reason,
    cast(null as varchar) as not_testable_reason,
    case when finding <> 'unknown' then 'invoice:' || document_id end as left_ref,
    case when finding <> 'missing' then 'ar_document:' || document_id end as right_ref,
    timestamp '2026-10-05' as due_at,
    1 as rounding_components
  from paired
)
{{ reconcile('compared', code='R14', tolerance='T1', domains=['billing', 'erp']) }}
