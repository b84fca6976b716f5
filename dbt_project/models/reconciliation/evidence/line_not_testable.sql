-- One row per invoice line whose results cannot be trusted, and why: the line or its invoice has a rejected row, or a
-- rejected row whose line cannot be read may be any of them. `is_known` false: no accepted copy of the line exists.
with lines as (
  select billing_instance, line_id from {{ ref('billed_line') }}
),

rejected as (
  select * from {{ ref('billed_not_testable') }}
),

unreadable as (
  select billing_instance, min(reason) as reason from rejected where line_id is null group by billing_instance
),

own as (
  select billing_instance, line_id, min(service_month) as service_month, min(reason) as reason
  from rejected
  where line_id is not null
  group by billing_instance, line_id
)

select
  own.billing_instance,
  own.line_id,
  own.service_month,
  own.reason,
  lines.line_id is not null as is_known
from own
left join lines on lines.billing_instance = own.billing_instance and lines.line_id = own.line_id

union all

select
  lines.billing_instance,
  lines.line_id,
  cast(null as date) as service_month,
  unreadable.reason,
  true as is_known
from lines
inner join unreadable on unreadable.billing_instance = lines.billing_instance
left join own on own.billing_instance = lines.billing_instance and own.line_id = lines.line_id
where own.line_id is null
