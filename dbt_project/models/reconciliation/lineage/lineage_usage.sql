-- One row per link of usage: which month of events was metered, billed, or drawn from what was bought? Events stay
-- in their month; they are found by subscription, meter and service month. A table of its own: where
-- events bring no other rows, what unites it with the rest stands.
{% set link = [
  'from_type', 'from_instance', 'from_id', 'to_type', 'to_instance', 'to_id', 'relation', 'amount_minor', 'currency_code',
  'occurred_at', 'correlation_id', 'content_hash',
] %}
with usage_to_metered as (
  select
    'usage_month' as from_type,
    usage_months.source_instance as from_instance,
    usage_months.subscription_id || '|' || usage_months.meter_code || '|'
    || cast(usage_months.service_month as {{ dbt.type_string() }}) as from_id,
    'metered_usage' as to_type, metered.source_instance as to_instance, metered.meter_record_id as to_id,
    'metered' as relation,
    cast(null as bigint) as amount_minor,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    metered.computed_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    metered.content_hash
  from {{ ref('metered_usage') }} as metered
  inner join {{ ref('usage_month') }} as usage_months
    on
      usage_months.source_instance = metered.source_instance
      and usage_months.subscription_id = metered.subscription_id
      and usage_months.meter_code = metered.meter_code
      and usage_months.service_month = metered.service_month
),

subscription_to_usage as (
  select
    'subscription' as from_type, billing_instance as from_instance, subscription_id as from_id,
    'usage_month' as to_type,
    source_instance as to_instance,
    subscription_id || '|' || meter_code || '|' || cast(service_month as {{ dbt.type_string() }}) as to_id,
    'used' as relation,
    cast(null as bigint) as amount_minor,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    last_occurred_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    cast(null as {{ dbt.type_string() }}) as content_hash
  from {{ ref('usage_month') }}
  where billing_instance is not null
),

metered_to_line as (
  select
    'metered_usage' as from_type,
    metered.source_instance as from_instance,
    metered.meter_record_id as from_id,
    'invoice_line' as to_type, lines.source_instance as to_instance, lines.line_id as to_id,
    'billed' as relation, lines.amount_minor, lines.currency_code,
    lines.finalized_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    lines.content_hash
  from {{ ref('metered_usage') }} as metered
  inner join {{ ref('meter_month') }} as meters
    on
      meters.source_instance = metered.source_instance
      and meters.meter_code = metered.meter_code
      and meters.service_month = metered.service_month
  inner join {{ ref('invoice_line') }} as lines
    on
      lines.source_instance = metered.billing_instance
      and lines.subscription_id = metered.subscription_id
      and lines.sku = meters.sku
      and lines.kind = 'usage'
      and {{ month_start('lines.service_start') }} = metered.service_month
),

line_to_drawdown as (
  select
    'invoice_line' as from_type, source_instance as from_instance, invoice_line_id as from_id,
    'prepaid_drawdown' as to_type, source_instance as to_instance, drawdown_id as to_id,
    'drawn' as relation,
    cast(null as bigint) as amount_minor,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    drawn_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    content_hash
  from {{ ref('prepaid_drawdown') }}
  where invoice_line_id is not null
),

grant_to_drawdown as (
  select
    'prepaid_grant' as from_type, source_instance as from_instance, grant_id as from_id,
    'prepaid_drawdown' as to_type, source_instance as to_instance, drawdown_id as to_id,
    'drawn' as relation,
    cast(null as bigint) as amount_minor,
    cast(null as {{ dbt.type_string() }}) as currency_code,
    drawn_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    content_hash
  from {{ ref('prepaid_drawdown') }}
),

subscription_to_grant as (
  select
    'subscription' as from_type, source_instance as from_instance, subscription_id as from_id,
    'prepaid_grant' as to_type, source_instance as to_instance, grant_id as to_id,
    'prepaid' as relation, amount_minor, currency_code,
    granted_at as occurred_at, cast(null as {{ dbt.type_string() }}) as correlation_id,
    content_hash
  from {{ ref('prepaid_grant') }}
)

{% for step in [
  'usage_to_metered', 'subscription_to_usage', 'metered_to_line', 'line_to_drawdown', 'grant_to_drawdown',
  'subscription_to_grant',
] %}
select {{ link | join(', ') }} from {{ step }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
