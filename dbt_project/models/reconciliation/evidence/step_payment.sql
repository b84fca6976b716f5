-- One row per step of payment to application: paid at the provider, received in the ERP, applied to a document.
{{ config(materialized='view') }}
with payments as (
  select
    payments.*,
    {{ month_key('payments.received_at') }} as period,
    {{ add_business_days('payments.received_at', 'parameters.cash_business_days') }} as due_at
  from {{ ref('payment') }} as payments
  cross join {{ source('config', 'parameters') }} as parameters
  where payments.status = 'succeeded'
),

receipts as (
  select billing_instance, external_id, min(receipt_id) as receipt_id, min(received_date) as received_date
  from {{ ref('cash_receipt') }}
  where external_object = 'payment' and not {{ is_void_receipt('status') }}
  group by billing_instance, external_id
),

applications as (
  select
    receipts.billing_instance, receipts.external_id,
    min(applications.application_id) as application_id,
    max(applications.applied_at) as applied_at
  from {{ ref('cash_receipt') }} as receipts
  inner join {{ ref('cash_application') }} as applications
    on applications.source_instance = receipts.source_instance and applications.receipt_id = receipts.receipt_id
  where receipts.external_object = 'payment' and not {{ is_void_receipt('receipts.status') }}
  group by receipts.billing_instance, receipts.external_id
),

joined as (
  select
    payments.*,
    receipts.receipt_id,
    receipts.received_date,
    applications.application_id,
    applications.applied_at
  from payments
  left join receipts
    on receipts.billing_instance = payments.source_instance and receipts.external_id = payments.payment_id
  left join applications
    on applications.billing_instance = payments.source_instance and applications.external_id = payments.payment_id
)

{% for number, step, system, document, at, due in [
  (1, 'paid', 'billing', "'payment:' || payment_id", 'received_at', 'received_at'),
  (2, 'received', 'erp', "'cash_receipt:' || receipt_id", 'cast(received_date as timestamp)', 'due_at'),
  (3, 'applied', 'erp', "'cash_application:' || application_id", 'applied_at', 'due_at'),
] %}
select
  'payment_to_application' as workflow,
  payment_id as business_transaction_id,
  source_instance,
  reference as correlation_id,
  {{ number }} as step_number,
  '{{ step }}' as step,
  '{{ system }}' as system,
  {{ document }} as document,
  received_at as started_at,
  {{ at }} as occurred_at,
  true as is_time_known,
  cast({{ due }} as timestamp) as due_at,
  {{ at }} is not null as is_there,
  true as is_needed,
  cast(null as {{ dbt.type_string() }}) as failure,
  cast(null as {{ dbt.type_string() }}) as failure_class,
  amount_minor as effect_minor,
  currency_code,
  legal_entity_code,
  customer_id,
  period,
  'AR' as owner_role
from joined
{{ 'union all' if not loop.last }}
{% endfor %}
