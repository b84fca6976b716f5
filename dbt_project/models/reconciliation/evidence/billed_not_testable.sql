-- One row per invoice line that did not come through, rejected at the boundary or not convertible, and has no accepted
-- copy, or whose invoice has a rejected row: which results may it belong to? A null part of the key cannot be read, and
-- stands for every value.
with rejected as (
  {{ quarantined_rows('billing', 'invoice_lines', ['subscription_id', 'sku', 'kind', 'service_start']) }}
),

left_out as (
  select * from {{ ref('unconvertible_row') }} where domain = 'billing' and object = 'invoice_lines'
),

staged as (
  {{ vendor_union('billing', 'invoice_lines') }}
),

accepted as (
  select source_instance, line_id from {{ ref('invoice_line') }}
),

-- the row in force may be older than the rejected one, which may have voided the invoice
heads as (
  select source_instance, key_text as invoice_id, min(reason) as reason
  from {{ ref('untestable_record') }}
  where domain = 'billing' and object = 'invoices'
  group by source_instance, key_text
),

collected as (
  select
    rejected.source_instance,
    rejected.key_text as line_id,
    rejected.subscription_id,
    rejected.sku,
    {{ month_start(utc_timestamp_or_null('rejected.service_start')) }} as service_month,
    'invoice line '
    || coalesce(rejected.key_text, 'whose id cannot be read')
    || ' was rejected: '
    || rejected.reason as reason
  from rejected
  left join accepted on accepted.source_instance = rejected.source_instance and accepted.line_id = rejected.key_text
  where accepted.line_id is null

  union all

  select
    left_out.source_instance,
    left_out.key_text as line_id,
    staged.subscription_id,
    staged.sku,
    {{ month_start('staged.service_start') }} as service_month,
    'invoice line ' || left_out.key_text || ' could not be used: ' || left_out.reason as reason
  from left_out
  inner join staged on staged.source_instance = left_out.source_instance and staged.line_id = left_out.key_text

  union all

  select
    heads.source_instance,
    staged.line_id,
    staged.subscription_id,
    staged.sku,
    {{ month_start('staged.service_start') }} as service_month,
    'a row of invoice ' || coalesce(heads.invoice_id, 'whose id cannot be read') || ' ' || heads.reason as reason
  from heads
  left join staged on staged.source_instance = heads.source_instance and staged.invoice_id = heads.invoice_id
  where heads.invoice_id is null or staged.line_id is not null
)

select
  source_instance as billing_instance,
  line_id,
  subscription_id,
  sku,
  service_month,
  min(reason) as reason
from collected
group by source_instance, line_id, subscription_id, sku, service_month
