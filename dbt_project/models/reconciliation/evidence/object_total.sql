-- One row per source instance and landing object but usage events: how many rows are staged, current and canonical, and
-- what do their amounts add up to? Apart from `completeness`, which a delivery of events alone changes.
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
{% for domain, object, mode, canonical, amount in objects %}
{{ domain }}_{{ object }} as (

  {{ completeness_of(
    domain, object, mode, canonical, amount, 'updated_at' if mode == 'upsert' else moments.get(object)
  ) }}

){{ ',' if not loop.last }}
{% endfor %}

{% for domain, object, mode, canonical, amount in objects %}
select * from {{ domain }}_{{ object }}
{{ 'union all' if not loop.last }}
{% endfor %}
