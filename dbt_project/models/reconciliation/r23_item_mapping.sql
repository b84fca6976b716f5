-- One row per line of a live receivable document: is it on the item of its product, on the account of that item, and
-- with the dimensions that are configured? Which lines are deferred is the posting rule of the landing contract.
with lines as (
  select * from {{ ref('ar_document_line') }} where document_status <> 'reversed'
),

items as (
  select * from {{ ref('item') }}
),

accounts as (
  select * from {{ ref('gl_account') }}
),

calendar as (
  select * from {{ ref('accounting_period') }}
),

billed as (
  select
    source_instance, line_id as source_line_id, 'invoice' as external_object, sku, kind, service_end, customer_id
  from {{ ref('invoice_line') }}
  union all
  -- a credit of a deferred line debits both: what is recognized already, and the rest
  select
    source_instance, credit_note_line_id as source_line_id, 'credit_note' as external_object, sku,
    'credit' as kind, service_end, customer_id
  from {{ ref('credit_note_line') }}
),

in_force as (
  select
    lines.source_instance,
    lines.document_line_id,
    items.sku,
    items.revenue_account,
    row_number() over (
      partition by lines.source_instance, lines.document_line_id order by items.effective_from desc
    ) as recency
  from lines
  inner join items
    on
      items.source_instance = lines.source_instance
      and items.item_code = lines.item_code
      and items.effective_from <= lines.posting_date
      and (items.effective_to is null or items.effective_to > lines.posting_date)
),

known_items as (
  select source_instance, item_code, min(effective_from) as first_date from items
  group by source_instance, item_code
),

rejected_items as (
  select distinct source_instance, split_part(key_text, '|', 1) as item_code
  from {{ ref('untestable_record') }}
  where domain = 'erp' and object = 'items' and key_text is not null
),

rejected_accounts as (
  select distinct source_instance, key_text as account_number
  from {{ ref('untestable_record') }}
  where domain = 'erp' and object = 'gl_accounts' and key_text is not null
),

-- a line whose service ends after the accounting period of its posting is deferred, if it recurs
placed as (
  select
    lines.*,
    in_force.sku as item_sku,
    in_force.revenue_account,
    known_items.item_code is not null as is_known_item,
    accounts.control,
    billed.sku as billed_sku,
    billed.kind,
    billed.customer_id,
    billed.source_line_id is not null as has_billed_line,
    case
      when billed.kind in ('usage', 'minimum') then 'revenue'
      when billed.kind = 'recurring' and calendar.period is not null
        then
          case
            when billed.service_end > {{ add_days('calendar.end_date', 1) }} then 'deferred_revenue'
            else 'revenue'
          end
      else 'either'
    end as expected_control,
    rejected_items.item_code is not null as is_item_rejected,
    rejected_accounts.account_number is not null as is_account_rejected
  from lines
  left join in_force
    on
      in_force.source_instance = lines.source_instance
      and in_force.document_line_id = lines.document_line_id
      and in_force.recency = 1
  left join known_items
    on known_items.source_instance = lines.source_instance and known_items.item_code = lines.item_code
  left join accounts
    on accounts.source_instance = lines.source_instance and accounts.account_number = lines.account_number
  left join billed
    on
      billed.source_instance = lines.billing_instance
      and billed.external_object = lines.external_object
      and billed.source_line_id = lines.source_line_id
  left join calendar
    on
      calendar.source_instance = lines.source_instance
      and calendar.legal_entity_code = lines.legal_entity_code
      and calendar.period = lines.period
  left join rejected_items
    on rejected_items.source_instance = lines.source_instance and rejected_items.item_code = lines.item_code
  left join rejected_accounts
    on
      rejected_accounts.source_instance = lines.source_instance
      and rejected_accounts.account_number = lines.account_number
),

dimension_faults as (
  select
    placed.source_instance,
    placed.document_line_id,
    min(replace(mappings.dimension, '_', ' ')) as cause_code,
    {{ joined_text(
      "replace(mappings.dimension, '_', ' ') || ' ' || coalesce("
      ~ json_text_of('placed.dimensions', 'mappings.dimension')
      ~ ", '(none)') || ' instead of ' || mappings.value || ' of account ' || mappings.revenue_account", ', '
    ) }} as words
  from placed
  inner join {{ source('config', 'dimensions') }} as mappings on mappings.revenue_account = placed.revenue_account
  where coalesce({{ json_text_of('placed.dimensions', 'mappings.dimension') }}, '') <> mappings.value
  group by placed.source_instance, placed.document_line_id
),

judged as (
  select
    placed.*,
    dimension_faults.cause_code as dimension_cause,
    dimension_faults.words as dimension_words,
    case
      when not placed.is_known_item then 'unknown'
      when placed.revenue_account is null then 'not_in_force'
      when placed.billed_sku <> placed.item_sku then 'sku'
      when placed.expected_control = 'revenue' and placed.account_number <> placed.revenue_account then 'account'
      when placed.expected_control = 'deferred_revenue' and coalesce(placed.control, '') <> 'deferred_revenue'
        then 'not_deferred'
      when placed.account_number <> placed.revenue_account and coalesce(placed.control, '') <> 'deferred_revenue'
        then 'account'
      when dimension_faults.cause_code is not null then 'dimension'
      else 'same'
    end as finding
  from placed
  left join dimension_faults
    on
      dimension_faults.source_instance = placed.source_instance
      and dimension_faults.document_line_id = placed.document_line_id
),

compared as (
  select
    source_instance,
    document_line_id as match_key,
    legal_entity_code,
    customer_id,
    currency_code,
    period,
    sign * amount_minor as left_value,
    case when finding = 'same' then sign * amount_minor else 0 end as right_value,
    case when finding = 'same' then 0 else sign * amount_minor end as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    finding <> 'same' as has_fault,
    case finding when 'dimension' then dimension_cause when 'same' then null else 'C09' end as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    'Line ' || document_line_id || ' of document ' || document_id || ' over '
    || {{ money_words('sign * amount_minor', 'currency_code') }} || case finding
      when 'not_in_force'
        then
          ' uses item ' || item_code || ', which is not in force on its posting date '
          || cast(posting_date as {{ dbt.type_string() }})
      when 'sku'
        then
          ' bills ' || billed_sku || ' (line ' || source_line_id || '), but its item ' || item_code || ' stands for '
          || item_sku
      when 'not_deferred'
        then
          ' is posted to account ' || account_number || ', but its service goes on after period ' || period
          || ': it belongs on an account of deferred revenue until it is performed'
      when 'dimension' then ' carries ' || dimension_words
      else
        ' is posted to account ' || account_number || ', but item ' || item_code || ' (' || item_sku
        || ') belongs on account ' || revenue_account
        || case
          when control = 'deferred_revenue'
            then ': a ' || replace(kind, '_', ' ') || ' line of this period is not deferred'
          else ''
        end
    end as reason,
    case
      when finding = 'unknown' and is_item_rejected
        then 'Not tested: item ' || item_code || ' was rejected at the boundary'
      when finding = 'unknown' then 'Not tested: item ' || item_code || ' is not in the ERP (see R20)'
      when control is null and is_account_rejected
        then 'Not tested: account ' || account_number || ' was rejected at the boundary'
    end as not_testable_reason,
    case when has_billed_line then external_object || '_line:' || source_line_id end as left_ref,
    'ar_document_line:' || document_line_id as right_ref,
    cast(null as timestamp) as due_at
  from judged
)
{{ reconcile('compared', code='R23', tolerance='T0', domains=['billing', 'erp']) }}
