-- One row per measure, entity, currency and origin period: do final invoices reach the ledger, all of them and in time?
{% set measure = [
  'kpi', 'legal_entity_code', 'currency_code', 'period', 'numerator', 'denominator', 'scale', 'formula', 'reason',
] %}
with parameters as (
  select * from {{ source('config', 'parameters') }}
),

posted as (
  select billing_instance, external_id, min(created_at) as created_at
  from {{ ref('ar_document') }}
  where external_object = 'invoice' and document_type = 'invoice' and status <> 'reversed'
  group by billing_instance, external_id
  union all
  select source_instance as billing_instance, invoice_id as external_id, posted_at as created_at
  from {{ ref('summary_posting') }}
),

billings as (
  select
    invoices.legal_entity_code,
    invoices.currency_code,
    policy.origin_period as period,
    policy.due_at,
    posted.created_at as posted_at,
    policy.due_at <= parameters.as_of as is_due,
    {{ hours_between('policy.final_at', 'coalesce(posted.created_at, parameters.as_of)') }} as lag_hours
  from {{ ref('invoice') }} as invoices
  cross join parameters
  inner join {{ ref('posting_policy') }} as policy
    on
      policy.source_instance = invoices.source_instance
      and policy.key = invoices.invoice_id
      and policy.object = 'invoice'
  left join posted
    on posted.billing_instance = invoices.source_instance and posted.external_id = invoices.invoice_id
  where invoices.is_live
),

lags as (
  select
    legal_entity_code, currency_code, period, lag_hours,
    row_number() over (partition by legal_entity_code, currency_code, period order by lag_hours) as position,
    count(*) over (partition by legal_entity_code, currency_code, period) as invoices
  from billings
),

completeness as (
  select
    'posting_completeness_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where posted_at is not null) as numerator,
    count(*) as denominator, 100 as scale,
    'final invoices that are due and posted / final invoices that are due'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from billings
  where is_due
  group by legal_entity_code, currency_code, period
),

in_time as (
  select
    'posting_sla_percent' as kpi, legal_entity_code, currency_code, period,
    count(*) filter (where posted_at <= due_at) as numerator,
    count(*) as denominator, 100 as scale,
    'final invoices posted within Wp / final invoices that are due; unposted ones count as late'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from billings
  where is_due
  group by legal_entity_code, currency_code, period
),

lag_p50 as (
  select
    'posting_lag_hours_p50' as kpi, legal_entity_code, currency_code, period,
    min(lag_hours) as numerator,
    1 as denominator, 1 as scale,
    'hours from final to posted that 50 % of invoices do not exceed; unposted ones are still running'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from lags
  where position * 100 >= invoices * 50
  group by legal_entity_code, currency_code, period
),

lag_p95 as (
  select
    'posting_lag_hours_p95' as kpi, legal_entity_code, currency_code, period,
    min(lag_hours) as numerator,
    1 as denominator, 1 as scale,
    'hours from final to posted that 95 % of invoices do not exceed; unposted ones are still running'
      as formula,
    cast(null as {{ dbt.type_string() }}) as reason
  from lags
  where position * 100 >= invoices * 95
  group by legal_entity_code, currency_code, period
)

{% for part in [
  'completeness', 'in_time', 'lag_p50', 'lag_p95',
] %}
select {{ measure | join(', ') }} from {{ part }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
