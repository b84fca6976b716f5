"""The objects of the landing contract: columns and types, key, and the files in which each object lands."""

from __future__ import annotations

from dataclasses import dataclass

# One head line per object: its name, the format of its files, and the column by whose half-year its rows are divided
# into files. Below it the columns, `*` = key, with their types: text where none is given, date, time, money (minor
# units of the row's currency), base (those of the entity's base currency), number, rate, percent, bool, int, json.
OBJECTS = """
product.tenants csv
    tenant_id* billing_customer_id name region is_test:bool created_at:time updated_at:time
product.meters csv
    meter_code* effective_from*:date sku aggregation unit unit_multiplier:number effective_to:date
    updated_at:time
product.entitlements jsonl.gz
    entitlement_id* tenant_id subscription_id sku limit_quantity:number status effective_from:date
    effective_to:date business_transaction_id updated_at:time
product.metered_usage csv.gz period_start
    meter_record_id* subscription_id meter_code period_start:date period_end:date quantity:number
    event_count:int computed_at:time
billing.customers csv updated_at
    customer_id* crm_account_id parent_customer_id name email legal_entity_code currency country tax_id
    payment_terms_days:int created_at:time updated_at:time
billing.skus csv
    sku* name kind unit updated_at:time
billing.prices csv
    price_id* sku currency scheme unit_amount:number package_size:number effective_from:date effective_to:date
    updated_at:time
billing.price_tiers csv
    price_id* tier_number*:int up_to:number unit_amount:number flat_amount:number updated_at:time
billing.subscriptions jsonl updated_at
    subscription_id* customer_id contract_id status currency billing_interval start_date:date end_date:date
    cancelled_at:time updated_at:time
billing.subscription_items csv.gz
    item_id* subscription_id contract_line_id sku price_id quantity:number discount_percent:percent
    discount_until:date included_quantity:number minimum_amount:money effective_from:date effective_to:date
    business_transaction_id updated_at:time
billing.invoices csv.gz updated_at
    invoice_id* number series customer_id legal_entity_code currency issue_date:date finalized_at:time
    due_date:date status net_amount:money tax_amount:money total_amount:money replaces_invoice_id correlation_id
    updated_at:time
billing.invoice_lines csv.gz service_start
    line_id* invoice_id subscription_id item_id sku kind quantity:number unit_amount:number
    discount_amount:money amount:money tax_code tax_rate:percent tax_amount:money service_start:date
    service_end:date is_proration:bool
billing.credit_notes jsonl
    credit_note_id* number series invoice_id customer_id legal_entity_code currency issue_date:date reason
    approved_by status net_amount:money tax_amount:money total_amount:money correlation_id updated_at:time
billing.credit_note_lines jsonl
    credit_note_line_id* credit_note_id invoice_line_id amount:money tax_amount:money
billing.payments csv.gz updated_at
    payment_id* customer_id invoice_id currency amount:money fee_amount:money status received_at:time payout_id
    reference updated_at:time
billing.refunds jsonl
    refund_id* payment_id credit_note_id currency amount:money status payout_id created_at:time updated_at:time
billing.disputes jsonl
    dispute_id* payment_id currency amount:money status payout_id created_at:time updated_at:time
billing.payouts csv
    payout_id* currency amount:money arrival_date:date updated_at:time
billing.prepaid_grants jsonl
    grant_id* subscription_id sku quantity:number currency amount:money granted_at:time expires_at:time
    updated_at:time
billing.prepaid_drawdowns csv
    drawdown_id* grant_id invoice_line_id quantity:number drawn_at:time
billing.prepaid_balances csv
    subscription_id* sku* period* closing_quantity:number closing_amount:money currency updated_at:time
crm.accounts csv updated_at
    account_id* parent_account_id name legal_entity_code country tax_id currency payment_terms_days:int segment
    status updated_at:time
crm.opportunities csv
    opportunity_id* account_id stage close_date:date currency amount:money updated_at:time
crm.contracts jsonl
    contract_id* version*:int account_id opportunity_id status currency start_date:date end_date:date
    signed_at:time total_value:money business_transaction_id updated_at:time
crm.contract_lines csv.gz
    contract_line_id* contract_id version:int sku price_id billing_interval quantity:number
    discount_percent:percent discount_until:date included_quantity:number minimum_amount:money
    effective_from:date effective_to:date updated_at:time
erp.legal_entities csv
    legal_entity_code* name base_currency country timezone parent_code updated_at:time
erp.accounting_periods csv
    legal_entity_code* period* start_date:date end_date:date status closed_at:time updated_at:time
erp.gl_accounts csv
    account_number* name type control updated_at:time
erp.customers csv updated_at
    erp_customer_id* billing_customer_id parent_erp_customer_id name legal_entity_code currency country tax_id
    payment_terms_days:int updated_at:time
erp.items csv
    item_code* effective_from*:date sku revenue_account effective_to:date updated_at:time
erp.ar_documents parquet document_date
    document_id* document_type external_id number erp_customer_id legal_entity_code currency document_date:date
    posting_date:date period net_amount:money tax_amount:money total_amount:money open_amount:money status
    fx_rate:rate original_document_id correlation_id created_at:time updated_at:time
erp.ar_document_lines parquet
    document_line_id* document_id source_line_id item_code account_number amount:money tax_code tax_amount:money
    dimensions:json
erp.journal_lines csv.gz posting_date
    journal_id* line_number*:int legal_entity_code account_number posting_date:date period currency debit:money
    credit:money base_debit:base base_credit:base source document_id dimensions:json counterparty_entity_code
    entered_by approved_by reversal_of created_at:time
erp.cash_receipts csv.gz received_date
    receipt_id* external_id erp_customer_id legal_entity_code currency amount:money received_date:date
    fx_rate:rate status updated_at:time
erp.cash_applications parquet
    application_id* receipt_id document_id amount:money applied_at:time period
erp.revenue_schedules csv.gz
    schedule_id* contract_id contract_version:int subscription_id sku legal_entity_code currency period
    amount:money status journal_id updated_at:time
erp.fx_rates csv.gz
    base_currency* quote_currency* rate_date*:date rate_type* rate:rate updated_at:time
erp.interface_log jsonl.gz sent_at
    message_id* correlation_id document_kind source_id sent_at:time status failure_class error_code
    error_message attempts:int acknowledged_at:time updated_at:time
hub.messages jsonl.gz
    topic* key* sequence*:int consumer published_at:time acknowledged_at:time status payload_hash
"""
TOTALS = ("money", "base", "number")  # what the manifests add up


@dataclass(frozen=True)
class Table:
    columns: dict[str, str]
    key: tuple[str, ...]
    format: str
    split: str | None


def _table(head: list[str], columns: list[str]) -> Table:
    types = {}
    for column in columns:
        name, _, kind = column.replace("*", "").partition(":")
        types[name] = kind or "text"
    key = tuple(c.partition("*")[0] for c in columns if "*" in c)
    return Table(types, key, head[1], head[2] if len(head) > 2 else None)


def _tables() -> dict[str, Table]:
    heads: list[list[str]] = []
    columns: list[list[str]] = []
    for line in OBJECTS.strip().splitlines():
        if line.startswith(" "):
            columns[-1] += line.split()
        else:
            heads.append(line.split())
            columns.append([])
    return {head[0]: _table(head, found) for head, found in zip(heads, columns, strict=True)}


TABLES = _tables()
