{#-
  The references of the landing contract, as data: R20 asks of each whether it resolves. tests/dbt/test_references.py holds
  the list to expectations/contracts, which dbt cannot read.
-#}

{#- Per landing object: its canonical model, primary key, and where its amount, currency, entity and customer stand. -#}
{% macro referring_objects() -%}
  {{ return({
    'billing.customers': {'model': 'billing_customer', 'key': ['customer_id'], 'entity': 'legal_entity_code', 'customer': 'customer_id'},
    'billing.prices': {'model': 'price', 'key': ['price_id']},
    'billing.price_tiers': {'model': 'price_tier', 'key': ['price_id', 'tier_number']},
    'billing.subscriptions': {'model': 'subscription', 'key': ['subscription_id'], 'entity': 'legal_entity_code', 'customer': 'customer_id', 'currency': 'currency_code'},
    'billing.subscription_items': {'model': 'subscription_item', 'key': ['item_id'], 'entity': 'legal_entity_code', 'customer': 'customer_id', 'currency': 'currency_code'},
    'billing.invoices': {'model': 'invoice', 'key': ['invoice_id'], 'entity': 'legal_entity_code', 'customer': 'customer_id', 'currency': 'currency_code', 'amount': 'total_amount_minor'},
    'billing.invoice_lines': {'model': 'invoice_line', 'key': ['line_id'], 'entity': 'legal_entity_code', 'customer': 'customer_id', 'currency': 'currency_code', 'amount': 'amount_minor'},
    'billing.credit_notes': {'model': 'credit_note', 'key': ['credit_note_id'], 'entity': 'legal_entity_code', 'customer': 'customer_id', 'currency': 'currency_code', 'amount': '-total_amount_minor'},
    'billing.credit_note_lines': {'model': 'credit_note_line', 'key': ['credit_note_line_id'], 'entity': 'legal_entity_code', 'customer': 'customer_id', 'currency': 'currency_code', 'amount': '-amount_minor'},
    'billing.payments': {'model': 'payment', 'key': ['payment_id'], 'entity': 'legal_entity_code', 'customer': 'customer_id', 'currency': 'currency_code', 'amount': 'amount_minor'},
    'billing.refunds': {'model': 'refund', 'key': ['refund_id'], 'entity': 'legal_entity_code', 'customer': 'customer_id', 'currency': 'currency_code', 'amount': '-amount_minor'},
    'billing.disputes': {'model': 'dispute', 'key': ['dispute_id'], 'entity': 'legal_entity_code', 'customer': 'customer_id', 'currency': 'currency_code', 'amount': '-amount_minor'},
    'billing.prepaid_grants': {'model': 'prepaid_grant', 'key': ['grant_id'], 'currency': 'currency_code', 'amount': 'amount_minor'},
    'billing.prepaid_drawdowns': {'model': 'prepaid_drawdown', 'key': ['drawdown_id']},
    'billing.prepaid_balances': {'model': 'prepaid_balance', 'key': ['subscription_id', 'sku', 'period'], 'currency': 'currency_code', 'amount': 'closing_amount_minor'},
    'crm.accounts': {'model': 'crm_account', 'key': ['account_id'], 'entity': 'legal_entity_code'},
    'crm.opportunities': {'model': 'opportunity', 'key': ['opportunity_id'], 'currency': 'currency_code', 'amount': 'amount_minor'},
    'crm.contracts': {'model': 'contract_version', 'key': ['contract_id', 'version'], 'entity': 'legal_entity_code', 'currency': 'currency_code', 'amount': 'total_value_minor'},
    'crm.contract_lines': {'model': 'contract_line', 'key': ['contract_line_id']},
    'erp.legal_entities': {'model': 'legal_entity', 'key': ['legal_entity_code'], 'entity': 'legal_entity_code'},
    'erp.accounting_periods': {'model': 'accounting_period', 'key': ['legal_entity_code', 'period'], 'entity': 'legal_entity_code'},
    'erp.customers': {'model': 'erp_customer', 'key': ['erp_customer_id'], 'entity': 'legal_entity_code', 'customer': 'billing_customer_id'},
    'erp.items': {'model': 'item', 'key': ['item_code', 'effective_from']},
    'erp.ar_documents': {'model': 'ar_document', 'key': ['document_id'], 'entity': 'legal_entity_code', 'currency': 'currency_code', 'amount': 'sign * total_amount_minor'},
    'erp.ar_document_lines': {'model': 'ar_document_line', 'key': ['document_line_id'], 'entity': 'legal_entity_code', 'currency': 'currency_code', 'amount': 'sign * amount_minor'},
    'erp.cash_receipts': {'model': 'cash_receipt', 'key': ['receipt_id'], 'entity': 'legal_entity_code', 'currency': 'currency_code', 'amount': 'amount_minor'},
    'erp.cash_applications': {'model': 'cash_application', 'key': ['application_id'], 'entity': 'legal_entity_code', 'currency': 'currency_code', 'amount': 'amount_minor'},
    'erp.revenue_schedules': {'model': 'revenue_schedule', 'key': ['schedule_id'], 'entity': 'legal_entity_code', 'currency': 'currency_code', 'amount': 'amount_minor'},
    'erp.interface_log': {'model': 'interface_message', 'key': ['message_id']},
    'product.tenants': {'model': 'tenant', 'key': ['tenant_id'], 'customer': 'billing_customer_id'},
    'product.meters': {'model': 'meter', 'key': ['meter_code', 'effective_from']},
    'product.entitlements': {'model': 'entitlement', 'key': ['entitlement_id']},
    'product.metered_usage': {'model': 'metered_usage', 'key': ['meter_record_id']},
  }) }}
{%- endmacro %}


{#-
  Each with object, column and targets, and with `asked`, how a control names them: a value resolves when a linked instance
  holds it in one of the targets. Periods resolve with their entity. A company of the group may keep its books in another
  ERP: who names one is answered by any of them (`is_of_group`). `of`: only the references of that object; `but`: all
  but those of that object.
-#}
{% macro landing_references(of=none, but=none) -%}
  {%- set listed = [
    ('billing.customers', 'crm_account_id', ['crm.accounts']),
    ('billing.customers', 'parent_customer_id', ['billing.customers']),
    ('billing.customers', 'legal_entity_code', ['erp.legal_entities']),
    ('billing.prices', 'sku', ['billing.skus']),
    ('billing.price_tiers', 'price_id', ['billing.prices']),
    ('billing.subscriptions', 'customer_id', ['billing.customers']),
    ('billing.subscriptions', 'contract_id', ['crm.contracts']),
    ('billing.subscription_items', 'subscription_id', ['billing.subscriptions']),
    ('billing.subscription_items', 'contract_line_id', ['crm.contract_lines']),
    ('billing.subscription_items', 'sku', ['billing.skus']),
    ('billing.subscription_items', 'price_id', ['billing.prices']),
    ('billing.invoices', 'customer_id', ['billing.customers']),
    ('billing.invoices', 'legal_entity_code', ['erp.legal_entities']),
    ('billing.invoices', 'replaces_invoice_id', ['billing.invoices']),
    ('billing.invoice_lines', 'invoice_id', ['billing.invoices']),
    ('billing.invoice_lines', 'subscription_id', ['billing.subscriptions']),
    ('billing.invoice_lines', 'item_id', ['billing.subscription_items']),
    ('billing.invoice_lines', 'sku', ['billing.skus']),
    ('billing.credit_notes', 'invoice_id', ['billing.invoices']),
    ('billing.credit_notes', 'customer_id', ['billing.customers']),
    ('billing.credit_notes', 'legal_entity_code', ['erp.legal_entities']),
    ('billing.credit_note_lines', 'credit_note_id', ['billing.credit_notes']),
    ('billing.credit_note_lines', 'invoice_line_id', ['billing.invoice_lines']),
    ('billing.payments', 'customer_id', ['billing.customers']),
    ('billing.payments', 'invoice_id', ['billing.invoices']),
    ('billing.payments', 'payout_id', ['billing.payouts']),
    ('billing.refunds', 'payment_id', ['billing.payments']),
    ('billing.refunds', 'credit_note_id', ['billing.credit_notes']),
    ('billing.refunds', 'payout_id', ['billing.payouts']),
    ('billing.disputes', 'payment_id', ['billing.payments']),
    ('billing.disputes', 'payout_id', ['billing.payouts']),
    ('billing.prepaid_grants', 'subscription_id', ['billing.subscriptions']),
    ('billing.prepaid_grants', 'sku', ['billing.skus']),
    ('billing.prepaid_drawdowns', 'grant_id', ['billing.prepaid_grants']),
    ('billing.prepaid_drawdowns', 'invoice_line_id', ['billing.invoice_lines']),
    ('billing.prepaid_balances', 'subscription_id', ['billing.subscriptions']),
    ('billing.prepaid_balances', 'sku', ['billing.skus']),
    ('crm.accounts', 'parent_account_id', ['crm.accounts']),
    ('crm.accounts', 'legal_entity_code', ['erp.legal_entities']),
    ('crm.opportunities', 'account_id', ['crm.accounts']),
    ('crm.contracts', 'account_id', ['crm.accounts']),
    ('crm.contracts', 'opportunity_id', ['crm.opportunities']),
    ('crm.contract_lines', 'contract_id', ['crm.contracts']),
    ('crm.contract_lines', 'sku', ['billing.skus']),
    ('crm.contract_lines', 'price_id', ['billing.prices']),
    ('erp.legal_entities', 'parent_code', ['erp.legal_entities']),
    ('erp.accounting_periods', 'legal_entity_code', ['erp.legal_entities']),
    ('erp.customers', 'billing_customer_id', ['billing.customers']),
    ('erp.customers', 'parent_erp_customer_id', ['erp.customers']),
    ('erp.customers', 'legal_entity_code', ['erp.legal_entities']),
    ('erp.items', 'sku', ['billing.skus']),
    ('erp.items', 'revenue_account', ['erp.gl_accounts']),
    ('erp.ar_documents', 'external_id', ['billing.invoices', 'billing.credit_notes']),
    ('erp.ar_documents', 'erp_customer_id', ['erp.customers']),
    ('erp.ar_documents', 'legal_entity_code', ['erp.legal_entities']),
    ('erp.ar_documents', 'period', ['erp.accounting_periods']),
    ('erp.ar_documents', 'original_document_id', ['erp.ar_documents']),
    ('erp.ar_document_lines', 'document_id', ['erp.ar_documents']),
    ('erp.ar_document_lines', 'source_line_id', ['billing.invoice_lines', 'billing.credit_note_lines']),
    ('erp.ar_document_lines', 'item_code', ['erp.items']),
    ('erp.ar_document_lines', 'account_number', ['erp.gl_accounts']),
    ('erp.journal_lines', 'legal_entity_code', ['erp.legal_entities']),
    ('erp.journal_lines', 'account_number', ['erp.gl_accounts']),
    ('erp.journal_lines', 'period', ['erp.accounting_periods']),
    ('erp.journal_lines', 'document_id', ['erp.ar_documents']),
    ('erp.journal_lines', 'counterparty_entity_code', ['erp.legal_entities']),
    ('erp.journal_lines', 'reversal_of', ['erp.journal_lines']),
    ('erp.cash_receipts', 'external_id', ['billing.payments', 'billing.refunds', 'billing.disputes']),
    ('erp.cash_receipts', 'erp_customer_id', ['erp.customers']),
    ('erp.cash_receipts', 'legal_entity_code', ['erp.legal_entities']),
    ('erp.cash_applications', 'receipt_id', ['erp.cash_receipts']),
    ('erp.cash_applications', 'document_id', ['erp.ar_documents']),
    ('erp.cash_applications', 'period', ['erp.accounting_periods']),
    ('erp.revenue_schedules', 'contract_id', ['crm.contracts']),
    ('erp.revenue_schedules', 'subscription_id', ['billing.subscriptions']),
    ('erp.revenue_schedules', 'sku', ['billing.skus']),
    ('erp.revenue_schedules', 'legal_entity_code', ['erp.legal_entities']),
    ('erp.revenue_schedules', 'journal_id', ['erp.journal_lines']),
    ('erp.interface_log', 'source_id', ['billing.invoices', 'billing.credit_notes', 'billing.payments']),
    ('product.tenants', 'billing_customer_id', ['billing.customers']),
    ('product.meters', 'sku', ['billing.skus']),
    ('product.entitlements', 'tenant_id', ['product.tenants']),
    ('product.entitlements', 'subscription_id', ['billing.subscriptions']),
    ('product.entitlements', 'sku', ['billing.skus']),
    ('product.usage_events', 'tenant_id', ['product.tenants']),
    ('product.usage_events', 'subscription_id', ['billing.subscriptions']),
    ('product.usage_events', 'meter_code', ['product.meters']),
    ('product.metered_usage', 'subscription_id', ['billing.subscriptions']),
    ('product.metered_usage', 'meter_code', ['product.meters']),
  ] -%}
  {%- set found = [] -%}
  {%- set words = object_words() -%}
  {%- for object, column, targets in listed if (of is none or object == of) and object != but -%}
    {%- set is_of_group = column in ('counterparty_entity_code', 'parent_code') -%}
    {%- set asked = targets | join(' or ') ~ (' of any ERP' if is_of_group else '') -%}
    {%- set named = [] -%}
    {%- for target in targets -%} {%- do named.append(words[target]) -%} {%- endfor -%}
    {%- do found.append({
      'object': object, 'column': column, 'targets': targets, 'asked': asked, 'is_of_group': is_of_group,
      'words': named | join(' or '),
    }) -%}
  {%- endfor -%}
  {{ return(found) }}
{%- endmacro %}


{#-
  Per referenced object: its canonical model, the value that names it, and how many parts of its primary key that value is.
  `is_code`: a code and no id; the same code in two instances names the same thing, so it is never ambiguous.
-#}
{% macro referenced_objects() -%}
  {{ return({
    'billing.customers': {'model': 'billing_customer', 'value': 'customer_id'},
    'billing.skus': {'model': 'sku', 'value': 'sku', 'is_code': true},
    'billing.prices': {'model': 'price', 'value': 'price_id'},
    'billing.subscriptions': {'model': 'subscription', 'value': 'subscription_id'},
    'billing.subscription_items': {'model': 'subscription_item', 'value': 'item_id'},
    'billing.invoices': {'model': 'invoice', 'value': 'invoice_id'},
    'billing.invoice_lines': {'model': 'invoice_line', 'value': 'line_id'},
    'billing.credit_notes': {'model': 'credit_note', 'value': 'credit_note_id'},
    'billing.credit_note_lines': {'model': 'credit_note_line', 'value': 'credit_note_line_id'},
    'billing.payments': {'model': 'payment', 'value': 'payment_id'},
    'billing.payouts': {'model': 'payout', 'value': 'payout_id'},
    'billing.refunds': {'model': 'refund', 'value': 'refund_id'},
    'billing.disputes': {'model': 'dispute', 'value': 'dispute_id'},
    'billing.prepaid_grants': {'model': 'prepaid_grant', 'value': 'grant_id'},
    'crm.accounts': {'model': 'crm_account', 'value': 'account_id'},
    'crm.opportunities': {'model': 'opportunity', 'value': 'opportunity_id'},
    'crm.contracts': {'model': 'contract_version', 'value': 'contract_id', 'is_first_part': true},
    'crm.contract_lines': {'model': 'contract_line', 'value': 'contract_line_id'},
    'erp.legal_entities': {'model': 'legal_entity', 'value': 'legal_entity_code', 'is_code': true},
    'erp.accounting_periods': {'model': 'accounting_period', 'value': "legal_entity_code || '|' || period"},
    'erp.gl_accounts': {'model': 'gl_account', 'value': 'account_number'},
    'erp.customers': {'model': 'erp_customer', 'value': 'erp_customer_id'},
    'erp.items': {'model': 'item', 'value': 'item_code', 'is_first_part': true},
    'erp.ar_documents': {'model': 'ar_document', 'value': 'document_id'},
    'erp.journal_lines': {'model': 'journal_line', 'value': 'journal_id', 'is_first_part': true},
    'erp.cash_receipts': {'model': 'cash_receipt', 'value': 'receipt_id'},
    'product.tenants': {'model': 'tenant', 'value': 'tenant_id'},
    'product.meters': {'model': 'meter', 'value': 'meter_code', 'is_first_part': true},
  }) }}
{%- endmacro %}


{#- What a person calls one record of a landing object. -#}
{% macro object_words() -%}
  {{ return({
    'billing.customers': 'customer',
    'billing.skus': 'product',
    'billing.prices': 'price',
    'billing.price_tiers': 'price tier',
    'billing.subscriptions': 'subscription',
    'billing.subscription_items': 'subscription item',
    'billing.invoices': 'invoice',
    'billing.invoice_lines': 'invoice line',
    'billing.credit_notes': 'credit note',
    'billing.credit_note_lines': 'credit note line',
    'billing.payments': 'payment',
    'billing.payouts': 'payout',
    'billing.refunds': 'refund',
    'billing.disputes': 'dispute',
    'billing.prepaid_grants': 'prepaid grant',
    'billing.prepaid_drawdowns': 'prepaid drawdown',
    'billing.prepaid_balances': 'prepaid balance',
    'crm.accounts': 'CRM account',
    'crm.opportunities': 'opportunity',
    'crm.contracts': 'contract',
    'crm.contract_lines': 'contract line',
    'erp.legal_entities': 'legal entity',
    'erp.accounting_periods': 'accounting period',
    'erp.gl_accounts': 'ledger account',
    'erp.customers': 'ERP customer',
    'erp.items': 'ERP item',
    'erp.ar_documents': 'receivable document',
    'erp.ar_document_lines': 'receivable document line',
    'erp.journal_lines': 'journal',
    'erp.cash_receipts': 'cash receipt',
    'erp.cash_applications': 'cash application',
    'erp.revenue_schedules': 'revenue schedule',
    'erp.interface_log': 'interface message',
    'product.tenants': 'tenant',
    'product.meters': 'meter',
    'product.entitlements': 'entitlement',
    'product.metered_usage': 'metered usage record',
    'product.usage_events': 'usage event',
  }) }}
{%- endmacro %}


{#- The value of a reference: a period resolves with its entity. -#}
{% macro reference_value(column) -%}
  {%- if column == 'period' -%} legal_entity_code || '|' || period {%- else -%} cast({{ column }} as {{ dbt.type_string() }}) {%- endif -%}
{%- endmacro %}
