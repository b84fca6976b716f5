-- One row per record that names something which is not there, or lacks what must stand behind it; and one per instance
-- and reference with the count of those that resolve. A reference resolves within the instances that its source is
-- linked to; one to a company of the group in any ERP.
{% set words = object_words() %}
with named as (
  select * from {{ ref('record_reference') }}
  union all
  select * from {{ ref('event_reference') }}
),

object_states as (
  select source_instance, domain || '.' || object as object, state from {{ ref('object_state') }}
),

-- the ERP names its own customers; whose account in billing a document or receipt is of
erp_customers as (
  select source_instance, erp_customer_id, billing_customer_id from {{ ref('erp_customer') }}
),

erp_records as (
  select source_instance, 'erp.ar_documents' as object, document_id as key, erp_customer_id
  from {{ ref('ar_document') }}
  union all
  select source_instance, 'erp.cash_receipts' as object, receipt_id as key, erp_customer_id
  from {{ ref('cash_receipt') }}
),

lost as (
  select distinct source_instance, domain || '.' || object as object
  from {{ ref('untestable_record') }}
),

findings as (
  select
    source_instance, object, record_key as key, legal_entity_code, customer_id, currency_code, amount_minor, words,
    untestable, missing_ref
  from named
  where record_key is not null
  union all
  select
    children.source_instance, children.object, children.record_key as key, children.legal_entity_code,
    children.customer_id, children.currency_code, children.amount_minor, children.words,
    case
      when children.untestable is not null then children.untestable
      when coalesce(needed.state, 'absent') <> 'available'
        then
          children.needs || case needed.state
            when 'inadmissible' then ' failed the source health control (R38)'
            else ' was never delivered'
          end
      when lost.object is not null then 'rows of ' || children.needs || ' were rejected, which may be the missing ones'
    end as untestable,
    cast(null as {{ dbt.type_string() }}) as missing_ref
  from {{ ref('missing_child') }} as children
  left join object_states as needed
    on needed.source_instance = children.source_instance and needed.object = children.needs
  left join lost
    on
      lost.source_instance = children.source_instance
      and lost.object = children.needs
      and children.needs <> children.object
  left join object_states as own
    on own.source_instance = children.source_instance and own.object = children.object
  where coalesce(own.state, 'absent') <> 'inadmissible'
),

orphans as (
  select
    findings.source_instance,
    findings.object,
    findings.key,
    min(findings.legal_entity_code) as legal_entity_code,
    min(coalesce(findings.customer_id, erp_customers.billing_customer_id)) as customer_id,
    min(findings.currency_code) as currency_code,
    max(findings.amount_minor) as amount_minor,
    {{ joined_text('case when findings.untestable is null then findings.words end', '; ') }} as words,
    {{ joined_text('findings.untestable', '; ') }} as untestable,
    min(findings.missing_ref) as missing_ref
  from findings
  left join erp_records
    on
      erp_records.source_instance = findings.source_instance
      and erp_records.object = findings.object
      and erp_records.key = findings.key
  left join erp_customers
    on
      erp_customers.source_instance = erp_records.source_instance
      and erp_customers.erp_customer_id = erp_records.erp_customer_id
  group by findings.source_instance, findings.object, findings.key
),

compared as (
  select
    source_instance,
    split_part(object, '.', 2) || '|' || key as match_key,
    legal_entity_code,
    customer_id,
    currency_code,
    cast(null as {{ dbt.type_string() }}) as period,
    coalesce(amount_minor, 1) as left_value,
    0 as right_value,
    amount_minor as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    true as has_fault,
    case when object like 'erp.%' then 'C06' else 'B12' end as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    case object
      {% for object, noun in words.items() %}
      {% set one = noun ~ ' line' if object == 'erp.journal_lines' else noun %}
      when '{{ object }}' then '{{ one[:1] | upper ~ one[1:] }}'
      {% endfor %}
    end || ' ' || key
    || case
      when amount_minor is not null then ' over ' || {{ money_words('amount_minor', 'currency_code') }}
      else ''
    end
    || ' ' || words as reason,
    case when words is null then 'Not tested: ' || untestable end as not_testable_reason,
    split_part(object, '.', 2) || ':' || key as left_ref,
    missing_ref as right_ref,
    cast(null as timestamp) as due_at
  from orphans

  union all

  select
    source_instance,
    split_part(object, '.', 2) || '|' || column_name as match_key,
    cast(null as {{ dbt.type_string() }}) as legal_entity_code,
    cast(null as {{ dbt.type_string() }}) as customer_id,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    cast(null as {{ dbt.type_string() }}) as period,
    resolved_count as left_value,
    resolved_count as right_value,
    cast(null as bigint) as delta_minor,
    cast(null as decimal(38, 9)) as delta_quantity,
    false as has_fault,
    cast(null as {{ dbt.type_string() }}) as cause_code,
    cast(null as {{ dbt.type_string() }}) as failure_class,
    cast(null as {{ dbt.type_string() }}) as reason,
    'Not tested: ' || untestable as not_testable_reason,
    object || '.' || column_name as left_ref,
    cast(null as {{ dbt.type_string() }}) as right_ref,
    cast(null as timestamp) as due_at
  from named
  where record_key is null
)
{{ reconcile('compared', code='R20', tolerance='T0') }}
