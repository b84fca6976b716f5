"""Reads landing files into DuckDB by the landing contract's text alone: nothing of the pipeline is used, so that a fault
in the pipeline's own reading cannot hide a fault of the sample company."""

from __future__ import annotations

from pathlib import Path

import duckdb

DECIMAL = "decimal(38, 9)"
TYPES = {
    DECIMAL: (
        "quantity unit_multiplier limit_quantity unit_amount package_size up_to flat_amount discount_percent included_quantity"
        " minimum_amount net_amount tax_amount total_amount discount_amount amount tax_rate fee_amount closing_quantity"
        " closing_amount total_value open_amount fx_rate debit credit base_debit base_credit rate"
    ),
    "timestamptz": (
        "created_at updated_at occurred_at ingested_at computed_at cancelled_at finalized_at received_at granted_at"
        " drawn_at signed_at closed_at applied_at sent_at acknowledged_at published_at"
    ),
    "date": (
        "effective_from effective_to period_start period_end discount_until start_date end_date issue_date due_date"
        " service_start service_end arrival_date close_date document_date posting_date received_date rate_date"
    ),
    "boolean": "is_test is_proration",
    "bigint": "event_count payment_terms_days tier_number version contract_version line_number sequence attempts",
}
UPSERT_KEYS = {
    "product.tenants": "tenant_id", "product.meters": "meter_code, effective_from", "product.entitlements": "entitlement_id",
    "billing.customers": "customer_id", "billing.skus": "sku", "billing.prices": "price_id",
    "billing.price_tiers": "price_id, tier_number", "billing.subscriptions": "subscription_id",
    "billing.subscription_items": "item_id", "billing.invoices": "invoice_id", "billing.credit_notes": "credit_note_id",
    "billing.payments": "payment_id", "billing.refunds": "refund_id", "billing.disputes": "dispute_id",
    "billing.payouts": "payout_id", "billing.prepaid_grants": "grant_id",
    "billing.prepaid_balances": "subscription_id, sku, period", "crm.accounts": "account_id",
    "crm.opportunities": "opportunity_id", "crm.contracts": "contract_id, version", "crm.contract_lines": "contract_line_id",
    "erp.legal_entities": "legal_entity_code", "erp.accounting_periods": "legal_entity_code, period",
    "erp.gl_accounts": "account_number", "erp.customers": "erp_customer_id", "erp.items": "item_code, effective_from",
    "erp.ar_documents": "document_id", "erp.cash_receipts": "receipt_id", "erp.revenue_schedules": "schedule_id",
    "erp.fx_rates": "base_currency, quote_currency, rate_date, rate_type", "erp.interface_log": "message_id",
}  # fmt: skip
BY_NAME = {name: kind for kind, names in TYPES.items() for name in names.split()}


def load(root: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory database with a table `<domain>.<object>` per landed object, typed by column name, UTC; of upsert
    objects the newest version."""
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'")
    for folder in sorted(path for path in (root / "data").glob("*/*") if path.is_dir()):
        con.execute(f"create schema if not exists {folder.parent.name}")
        reads = [_read(file) for file in sorted(folder.iterdir()) if not file.name.endswith(".manifest.json")]
        con.execute(f"create temp table landed as {' union all by name '.join(reads)}")
        columns = [row[0] for row in con.execute("describe landed").fetchall()]
        typed = ", ".join(f'cast("{name}" as {BY_NAME.get(name, "varchar")}) as "{name}"' for name in columns)
        name = f"{folder.parent.name}.{folder.name}"
        key = UPSERT_KEYS.get(name)
        newest = f" qualify row_number() over (partition by {key} order by updated_at desc) = 1" if key else ""
        con.execute(f"create table {name} as select {typed} from landed{newest}")
        con.execute("drop table landed")
    return con


def _read(file: Path) -> str:
    path = str(file).replace("'", "''")
    if file.suffix == ".parquet":
        return f"(select columns(*)::varchar from read_parquet('{path}'))"
    if ".jsonl" in file.name:
        return f"(select columns(*)::varchar from read_json('{path}', format='newline_delimited'))"
    return f"(from read_csv('{path}', all_varchar=true, header=true, delim=',', quote='\"', escape='\"'))"
