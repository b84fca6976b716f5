"""The objects of the landing contract: columns and types, key, and the files in which each object lands.

Types: text, date, time, money (minor units of the row's currency), base (minor units of the entity's base
currency), number (quantity or unit price), rate, percent, bool, int, json."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    columns: dict[str, str]
    key: tuple[str, ...]
    format: str
    split: str | None = None  # the column by whose month, quarter or version rows are divided into files


def _table(spec: str, key: str, form: str, split: str | None = None) -> Table:
    pairs = [part.split(":") if ":" in part else (part, "text") for part in spec.split()]
    return Table({name: kind for name, kind in pairs}, tuple(key.split()), form, split)


UP = "updated_at:time"
TABLES: dict[str, Table] = {
    "product.tenants": _table(
        f"tenant_id billing_customer_id name region is_test:bool created_at:time {UP}", "tenant_id", "csv"
    ),
    "product.meters": _table(
        f"meter_code effective_from:date sku aggregation unit unit_multiplier:number effective_to:date {UP}",
        "meter_code effective_from",
        "csv",
    ),
    "product.entitlements": _table(
        f"entitlement_id tenant_id subscription_id sku limit_quantity:number status effective_from:date effective_to:date business_transaction_id {UP}",
        "entitlement_id",
        "jsonl.gz",
    ),
    "product.metered_usage": _table(
        "meter_record_id subscription_id meter_code period_start:date period_end:date quantity:number event_count:int computed_at:time",
        "meter_record_id",
        "csv.gz",
        "period_start",
    ),
    "billing.customers": _table(
        f"customer_id crm_account_id parent_customer_id name email legal_entity_code currency country tax_id payment_terms_days:int created_at:time {UP}",
        "customer_id",
        "csv",
        "updated_at",
    ),
    "billing.skus": _table(f"sku name kind unit {UP}", "sku", "csv"),
    "billing.prices": _table(
        f"price_id sku currency scheme unit_amount:number package_size:number effective_from:date effective_to:date {UP}",
        "price_id",
        "csv",
    ),
    "billing.price_tiers": _table(
        f"price_id tier_number:int up_to:number unit_amount:number flat_amount:number {UP}",
        "price_id tier_number",
        "csv",
    ),
    "billing.subscriptions": _table(
        f"subscription_id customer_id contract_id status currency billing_interval start_date:date end_date:date cancelled_at:time {UP}",
        "subscription_id",
        "jsonl",
        "updated_at",
    ),
    "billing.subscription_items": _table(
        f"item_id subscription_id contract_line_id sku price_id quantity:number discount_percent:percent discount_until:date included_quantity:number minimum_amount:money effective_from:date effective_to:date business_transaction_id {UP}",
        "item_id",
        "csv.gz",
    ),
    "billing.invoices": _table(
        f"invoice_id number series customer_id legal_entity_code currency issue_date:date finalized_at:time due_date:date status net_amount:money tax_amount:money total_amount:money replaces_invoice_id correlation_id {UP}",
        "invoice_id",
        "csv.gz",
        "updated_at",
    ),
    "billing.invoice_lines": _table(
        "line_id invoice_id subscription_id item_id sku kind quantity:number unit_amount:number discount_amount:money amount:money tax_code tax_rate:percent tax_amount:money service_start:date service_end:date is_proration:bool",
        "line_id",
        "csv.gz",
        "service_start",
    ),
    "billing.credit_notes": _table(
        f"credit_note_id number series invoice_id customer_id legal_entity_code currency issue_date:date reason approved_by status net_amount:money tax_amount:money total_amount:money correlation_id {UP}",
        "credit_note_id",
        "jsonl",
    ),
    "billing.credit_note_lines": _table(
        "credit_note_line_id credit_note_id invoice_line_id amount:money tax_amount:money",
        "credit_note_line_id",
        "jsonl",
    ),
    "billing.payments": _table(
        f"payment_id customer_id invoice_id currency amount:money fee_amount:money status received_at:time payout_id reference {UP}",
        "payment_id",
        "csv.gz",
        "updated_at",
    ),
    "billing.refunds": _table(
        f"refund_id payment_id credit_note_id currency amount:money status payout_id created_at:time {UP}",
        "refund_id",
        "jsonl",
    ),
    "billing.disputes": _table(
        f"dispute_id payment_id currency amount:money status payout_id created_at:time {UP}", "dispute_id", "jsonl"
    ),
    "billing.payouts": _table(f"payout_id currency amount:money arrival_date:date {UP}", "payout_id", "csv"),
    "billing.prepaid_grants": _table(
        f"grant_id subscription_id sku quantity:number currency amount:money granted_at:time expires_at:time {UP}",
        "grant_id",
        "jsonl",
    ),
    "billing.prepaid_drawdowns": _table(
        "drawdown_id grant_id invoice_line_id quantity:number drawn_at:time", "drawdown_id", "csv"
    ),
    "billing.prepaid_balances": _table(
        f"subscription_id sku period closing_quantity:number closing_amount:money currency {UP}",
        "subscription_id sku period",
        "csv",
    ),
    "crm.accounts": _table(
        f"account_id parent_account_id name legal_entity_code country tax_id currency payment_terms_days:int segment status {UP}",
        "account_id",
        "csv",
        "updated_at",
    ),
    "crm.opportunities": _table(
        f"opportunity_id account_id stage close_date:date currency amount:money {UP}", "opportunity_id", "csv"
    ),
    "crm.contracts": _table(
        f"contract_id version:int account_id opportunity_id status currency start_date:date end_date:date signed_at:time total_value:money business_transaction_id {UP}",
        "contract_id version",
        "jsonl",
    ),
    "crm.contract_lines": _table(
        f"contract_line_id contract_id version:int sku price_id billing_interval quantity:number discount_percent:percent discount_until:date included_quantity:number minimum_amount:money effective_from:date effective_to:date {UP}",
        "contract_line_id",
        "csv.gz",
    ),
    "erp.legal_entities": _table(
        f"legal_entity_code name base_currency country timezone parent_code {UP}", "legal_entity_code", "csv"
    ),
    "erp.accounting_periods": _table(
        f"legal_entity_code period start_date:date end_date:date status closed_at:time {UP}",
        "legal_entity_code period",
        "csv",
    ),
    "erp.gl_accounts": _table(f"account_number name type control {UP}", "account_number", "csv"),
    "erp.customers": _table(
        f"erp_customer_id billing_customer_id parent_erp_customer_id name legal_entity_code currency country tax_id payment_terms_days:int {UP}",
        "erp_customer_id",
        "csv",
        "updated_at",
    ),
    "erp.items": _table(
        f"item_code effective_from:date sku revenue_account effective_to:date {UP}", "item_code effective_from", "csv"
    ),
    "erp.ar_documents": _table(
        f"document_id document_type external_id number erp_customer_id legal_entity_code currency document_date:date posting_date:date period net_amount:money tax_amount:money total_amount:money open_amount:money status fx_rate:rate original_document_id correlation_id created_at:time {UP}",
        "document_id",
        "parquet",
        "document_date",
    ),
    "erp.ar_document_lines": _table(
        "document_line_id document_id source_line_id item_code account_number amount:money tax_code tax_amount:money dimensions:json",
        "document_line_id",
        "parquet",
    ),
    "erp.journal_lines": _table(
        "journal_id line_number:int legal_entity_code account_number posting_date:date period currency debit:money credit:money base_debit:base base_credit:base source document_id dimensions:json counterparty_entity_code entered_by approved_by reversal_of created_at:time",
        "journal_id line_number",
        "csv.gz",
        "posting_date",
    ),
    "erp.cash_receipts": _table(
        f"receipt_id external_id erp_customer_id legal_entity_code currency amount:money received_date:date fx_rate:rate status {UP}",
        "receipt_id",
        "csv.gz",
        "received_date",
    ),
    "erp.cash_applications": _table(
        "application_id receipt_id document_id amount:money applied_at:time period", "application_id", "parquet"
    ),
    "erp.revenue_schedules": _table(
        f"schedule_id contract_id contract_version:int subscription_id sku legal_entity_code currency period amount:money status journal_id {UP}",
        "schedule_id",
        "csv.gz",
    ),
    "erp.fx_rates": _table(
        f"base_currency quote_currency rate_date:date rate_type rate:rate {UP}",
        "base_currency quote_currency rate_date rate_type",
        "csv.gz",
    ),
    "erp.interface_log": _table(
        f"message_id correlation_id document_kind source_id sent_at:time status failure_class error_code error_message attempts:int acknowledged_at:time {UP}",
        "message_id",
        "jsonl.gz",
        "sent_at",
    ),
    "hub.messages": _table(
        "topic key sequence:int consumer published_at:time acknowledged_at:time status payload_hash",
        "topic key sequence",
        "jsonl.gz",
    ),
}
TOTALS = ("money", "base", "number")
