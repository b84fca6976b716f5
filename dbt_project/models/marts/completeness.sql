-- One row per source instance and landing object: is every row received still in canonical, or has it a reason?
-- received = accepted + duplicate + quarantined; staged = the distinct versions among the accepted; current =
-- canonical + not convertible. Totals are hash totals in ten-thousandths of a major unit over all currencies.
{#- (domain, object, mode, canonical model, amount column or none). The amount, where there is one, is summed at both
    ends: a row that is kept but changes its amount shows there. #}
{%- set objects = [
    ('product', 'tenants', 'upsert', 'tenant', none),
    ('product', 'meters', 'upsert', 'meter', none),
    ('product', 'entitlements', 'upsert', 'entitlement', none),
    ('product', 'metered_usage', 'append', 'metered_usage', none),
    ('billing', 'customers', 'upsert', 'billing_customer', none),
    ('billing', 'skus', 'upsert', 'sku', none),
    ('billing', 'prices', 'upsert', 'price', none),
    ('billing', 'price_tiers', 'upsert', 'price_tier', none),
    ('billing', 'subscriptions', 'upsert', 'subscription', none),
    ('billing', 'subscription_items', 'upsert', 'subscription_item', none),
    ('billing', 'invoices', 'upsert', 'invoice', 'total_amount'),
    ('billing', 'invoice_lines', 'append', 'invoice_line', 'amount'),
    ('billing', 'credit_notes', 'upsert', 'credit_note', 'total_amount'),
    ('billing', 'credit_note_lines', 'append', 'credit_note_line', 'amount'),
    ('billing', 'payments', 'upsert', 'payment', 'amount'),
    ('billing', 'refunds', 'upsert', 'refund', 'amount'),
    ('billing', 'disputes', 'upsert', 'dispute', 'amount'),
    ('billing', 'payouts', 'upsert', 'payout', 'amount'),
    ('billing', 'prepaid_grants', 'upsert', 'prepaid_grant', 'amount'),
    ('billing', 'prepaid_drawdowns', 'append', 'prepaid_drawdown', none),
    ('billing', 'prepaid_balances', 'upsert', 'prepaid_balance', 'closing_amount'),
    ('crm', 'accounts', 'upsert', 'crm_account', none),
    ('crm', 'opportunities', 'upsert', 'opportunity', 'amount'),
    ('crm', 'contracts', 'upsert', 'contract_version', none),
    ('crm', 'contract_lines', 'upsert', 'contract_line', none),
    ('erp', 'legal_entities', 'upsert', 'legal_entity', none),
    ('erp', 'accounting_periods', 'upsert', 'accounting_period', none),
    ('erp', 'gl_accounts', 'upsert', 'gl_account', none),
    ('erp', 'customers', 'upsert', 'erp_customer', none),
    ('erp', 'items', 'upsert', 'item', none),
    ('erp', 'ar_documents', 'upsert', 'ar_document', 'total_amount'),
    ('erp', 'ar_document_lines', 'append', 'ar_document_line', 'amount'),
    ('erp', 'journal_lines', 'append', 'journal_line', 'debit'),
    ('erp', 'cash_receipts', 'upsert', 'cash_receipt', 'amount'),
    ('erp', 'cash_applications', 'append', 'cash_application', 'amount'),
    ('erp', 'revenue_schedules', 'upsert', 'revenue_schedule', 'amount'),
    ('erp', 'fx_rates', 'upsert', 'fx_rate', none),
    ('erp', 'interface_log', 'upsert', 'interface_message', none),
    ('hub', 'messages', 'append', 'hub_message', none),
    ] %}
{#- When a record of an object that is only added to says that it happened; any other says when it was updated. #}
{%- set moments = {
    'metered_usage': 'computed_at', 'prepaid_drawdowns': 'drawn_at',
    'journal_lines': 'created_at', 'cash_applications': 'applied_at', 'messages': 'published_at',
    } %}
with
-- events are counted in what is kept of each delivery and of each day: counting them one by one would read all again
delivered_events as (

  select source_instance, cast(sum(event_count) as bigint) as delivery_count
  from {{ ref('usage_delivery') }}
  group by source_instance

),

surplus_events as (

  select source_instance, count(*) as surplus_count
  from {{ ref('usage_repeat') }}
  where copy_number > 1
  group by source_instance

),

held_events as (

  select
    source_instance,
    cast(sum(event_count) as bigint) as event_count,
    max(last_occurred_at) as newest_record_at
  from {{ ref('usage_day') }}
  group by source_instance

),

product_usage_events as (

  select
    delivered_events.source_instance,
    'product' as domain,
    'usage_events' as object,
    delivered_events.delivery_count - coalesce(surplus_events.surplus_count, 0) as staged_rows,
    delivered_events.delivery_count - coalesce(surplus_events.surplus_count, 0) as current_rows,
    coalesce(held_events.event_count, 0) as canonical_rows,
    cast(null as decimal(38, 0)) as current_total,
    cast(null as decimal(38, 0)) as canonical_total,
    held_events.newest_record_at
  from delivered_events
  left join surplus_events on surplus_events.source_instance = delivered_events.source_instance
  left join held_events on held_events.source_instance = delivered_events.source_instance

),

{% for domain, object, mode, canonical, amount in objects %}
{{ domain }}_{{ object }} as (

  {{ completeness_of(
    domain, object, mode, canonical, amount, 'updated_at' if mode == 'upsert' else moments.get(object)
  ) }}

),
{% endfor %}
counted as (
  select * from product_usage_events
  {% for domain, object, mode, canonical, amount in objects %}
    union all  -- noqa: LT02
  select * from {{ domain }}_{{ object }}
  {% endfor %}
),

batches as (

  select
    source_instance,
    domain,
    object,
    cast(sum(reported_row_count) as bigint) as reported_rows,
    cast(sum(received_rows) as bigint) as received_rows,
    cast(sum(accepted_rows) as bigint) as accepted_rows,
    cast(sum(duplicate_rows) as bigint) as duplicate_rows,
    cast(sum(quarantined_rows) as bigint) as quarantined_rows
  from {{ source('landed', 'batches') }}
  where state = 'loaded'
  group by source_instance, domain, object

),

unconvertible as (

  select
    source_instance,
    domain,
    object,
    count(*) as unconvertible_rows
  from {{ ref('unconvertible_row') }}
  group by source_instance, domain, object

),

expected as (

  select
    source_instance,
    domain,
    object
  from {{ source('config', 'source_objects') }}

),

joined as (

  select
    expected.source_instance,
    expected.domain,
    expected.object,
    batches.reported_rows,
    coalesce(batches.received_rows, 0) as received_rows,
    coalesce(batches.accepted_rows, 0) as accepted_rows,
    coalesce(batches.duplicate_rows, 0) as duplicate_rows,
    coalesce(batches.quarantined_rows, 0) as quarantined_rows,
    coalesce(counted.staged_rows, 0) as staged_rows,
    coalesce(counted.current_rows, 0) as current_rows,
    coalesce(counted.canonical_rows, 0) as canonical_rows,
    coalesce(unconvertible.unconvertible_rows, 0) as unconvertible_rows,
    counted.current_total,
    counted.canonical_total,
    counted.newest_record_at
  from expected
  left join counted
    on
      expected.source_instance = counted.source_instance
      and expected.domain = counted.domain
      and expected.object = counted.object
  left join batches
    on
      expected.source_instance = batches.source_instance
      and expected.domain = batches.domain
      and expected.object = batches.object
  left join unconvertible
    on
      expected.source_instance = unconvertible.source_instance
      and expected.domain = unconvertible.domain
      and expected.object = unconvertible.object

)

select
  source_instance,
  domain,
  object,
  cast(staged_rows as bigint) as staged_rows,
  cast(current_rows as bigint) as current_rows,
  cast(unconvertible_rows as bigint) as unconvertible_rows,
  cast(canonical_rows as bigint) as canonical_rows,
  current_total,
  canonical_total,
  newest_record_at,
  accepted_rows = staged_rows
  and received_rows = accepted_rows + duplicate_rows + quarantined_rows
  and current_rows = canonical_rows + unconvertible_rows
  and (unconvertible_rows > 0 or current_total is not distinct from canonical_total) as is_complete,
  reported_rows as run_reported_rows,
  received_rows as run_received_rows,
  accepted_rows as run_accepted_rows,
  duplicate_rows as run_duplicate_rows,
  quarantined_rows as run_quarantined_rows
from joined
