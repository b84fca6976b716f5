-- One row per billing document that was ever sent to the ERP: what became of its newest message, and whose failure is
-- it? Transport is retried, a business rule goes to its owner, an accounting control to finance: the class decides the
-- route.
with messages as (
  select * from {{ ref('interface_message') }}
),

newest as (
  select
    messages.*,
    row_number() over (
      partition by messages.billing_instance, messages.document_kind, messages.source_id
      order by messages.sent_at desc, messages.updated_at desc, messages.message_id desc
    ) as recency
  from messages
  where messages.billing_instance is not null
)

select
  billing_instance as source_instance,
  document_kind,
  source_id as key,
  message_id,
  status,
  case
    when status = 'in_flight' then null
    when status = 'accepted' then 'transport'
    else coalesce(failure_class, 'transport')
  end as failure_class,
  case
    when status = 'in_flight' then 'C01'
    when status = 'accepted' then 'C02'
    when failure_class = 'business_rule' then 'C03'
    when failure_class = 'accounting_control' then 'C04'
    else 'C02'
  end as cause_code,
  'message ' || message_id || case status
    when 'in_flight' then ' is still in flight after '
    when 'accepted' then ' was acknowledged by the ERP, which holds no document, after '
    when 'rejected' then ' was rejected after '
    else ' was dead-lettered after '
  end || {{ counted('coalesce(attempts, 1)', 'attempt') }}
  || coalesce(' with ' || error_code, '') || coalesce(': ' || error_message, '') as words
from newest
where recency = 1
