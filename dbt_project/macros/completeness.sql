{#
Objects of the landing contract along their way: (domain, object, mode, canonical model, amount column or none).
The amount, where there is one, is summed at both ends: a row that is kept but changes its amount shows there.
#}
{% macro completeness_objects() %}
    {{ return([
        ('product', 'tenants', 'upsert', 'tenant', none),
        ('product', 'meters', 'upsert', 'meter', none),
        ('product', 'entitlements', 'upsert', 'entitlement', none),
        ('product', 'usage_events', 'append', 'usage_event', none),
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
    ]) }}
{% endmacro %}

{# One object's rows and amount as staged and as canonical, per source instance. Amounts in ten-thousandths of a major
   unit, summed over all currencies: a hash total, no money. #}
{% macro completeness_of(domain, object, mode, canonical, amount) %}
    select
        coalesce(staged.source_instance, held.source_instance) as source_instance,
        '{{ domain }}' as domain,
        '{{ object }}' as object,
        coalesce(staged.staged_rows, 0) as staged_rows,
        coalesce(staged.current_rows, 0) as current_rows,
        coalesce(held.canonical_rows, 0) as canonical_rows,
        staged.current_total,
        held.canonical_total
    from (
        select
            source_instance,
            count(*) as staged_rows,
            count(*) {{ 'filter (where is_current)' if mode == 'upsert' }} as current_rows,
            {%- if amount %}
            cast(
                sum(cast({{ amount }} * 10000 as decimal(38, 0))) {{ 'filter (where is_current)' if mode == 'upsert' }}
                as decimal(38, 0)
            ) as current_total
            {%- else %}
            cast(null as decimal(38, 0)) as current_total
            {%- endif %}
        from (
            {{ vendor_union(domain, object) }}
        ) as versions
        group by source_instance
    ) as staged
    full join (
        select
            rows_held.source_instance,
            count(*) as canonical_rows,
            {%- if amount %}
            cast(sum(
                cast(rows_held.{{ amount }}_minor as decimal(38, 0))
                * case currencies.exponent when 0 then 10000 when 1 then 1000 when 2 then 100 when 3 then 10 else 1 end
            ) as decimal(38, 0)) as canonical_total
            {%- else %}
            cast(null as decimal(38, 0)) as canonical_total
            {%- endif %}
        from {{ ref(canonical) }} as rows_held
        {%- if amount %}
        left join {{ ref('currencies') }} as currencies on rows_held.currency_code = currencies.currency_code
        {%- endif %}
        group by rows_held.source_instance
    ) as held
        on staged.source_instance = held.source_instance
{% endmacro %}
