"""The kinds of record that a chain is made of: where each is published and what is said of one.

Expressions are SQL over the kind's own table; all of them are published in `canonical`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of record. `delivered` is the landing object that its rows came in, None where it is derived."""

    name: str
    words: str
    table: str
    key: str
    delivered: str | None
    amount: str = "null::bigint"
    currency: str = "null::varchar"
    status: str = "null::varchar"
    at: str = "null::timestamp"
    correlation: str = "null::varchar"
    note: str = "null::varchar"
    also_known_as: str | None = None
    content_hash: str = "content_hash"
    where: str = "true"


_MONTH = "subscription_id || '|' || meter_code || '|' || service_month::varchar"
_QUANTITY = "rtrim(rtrim(quantity::decimal(38, 9)::varchar, '0'), '.')"
_VALID = _QUANTITY.replace("quantity", "valid_quantity")
_DOCUMENT = "document_type || ' ' || number || ' in ' || legal_entity_code || ' ' || period || ', gross'"
_DIRECTED = "sign * total_amount_minor"
# a label says no date: the entity's calendar does, and the month of that name where it does not hold the period
_PERIOD_BEGINS = (
    "coalesce((select min(calendar.start_date)::timestamp from canonical.accounting_period as calendar"
    " where calendar.source_instance = revenue_schedule.source_instance"
    " and calendar.legal_entity_code = revenue_schedule.legal_entity_code"
    " and calendar.period = revenue_schedule.period), try_cast(period || '-01' as timestamp))"
)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "usage_event",
            "usage event",
            "usage_event",
            "event_id",
            "usage_events",
            at="occurred_at",
            note=f"'quantity ' || {_QUANTITY} || ', received ' || strftime(ingested_at, '%Y-%m-%d %H:%M')"
            " || case when is_test then ', test tenant' else '' end",
        ),
        Kind(
            "usage_month",
            "usage of a month",
            "usage_month",
            _MONTH,
            None,
            at="last_occurred_at",
            content_hash="null::varchar",
            note=f"'valid events ' || valid_count || ', quantity ' || {_VALID}",
        ),
        Kind(
            "metered_usage",
            "metered record",
            "metered_usage",
            "meter_record_id",
            "metered_usage",
            at="computed_at",
            note=f"'quantity ' || {_QUANTITY} || ' of ' || event_count || ' events'",
        ),
        Kind(
            "opportunity",
            "opportunity",
            "opportunity",
            "opportunity_id",
            "opportunities",
            "amount_minor",
            "currency_code",
            "stage",
            "close_date::timestamp",
        ),
        Kind(
            "contract",
            "contract",
            "contract",
            "contract_id",
            "contracts",
            "total_value_minor",
            "currency_code",
            "status",
            "signed_at",
            "business_transaction_id",
            "'version ' || version",
        ),
        Kind(
            "contract_line",
            "contract line",
            "contract_line",
            "contract_line_id",
            "contract_lines",
            currency="currency_code",
            at="effective_from::timestamp",
            correlation="business_transaction_id",
            note="sku || ', version ' || version || case when is_in_force then ', in force' else '' end",
        ),
        Kind(
            "subscription",
            "subscription",
            "subscription",
            "subscription_id",
            "subscriptions",
            currency="currency_code",
            status="status",
            at="start_date::timestamp",
        ),
        Kind(
            "subscription_item",
            "subscription item",
            "subscription_item",
            "item_id",
            "subscription_items",
            currency="currency_code",
            at="effective_from::timestamp",
            correlation="business_transaction_id",
            note="sku",
        ),
        Kind(
            "entitlement",
            "entitlement",
            "entitlement",
            "entitlement_id",
            "entitlements",
            status="status",
            at="effective_from::timestamp",
            correlation="business_transaction_id",
            note="sku",
        ),
        Kind(
            "prepaid_grant",
            "prepaid grant",
            "prepaid_grant",
            "grant_id",
            "prepaid_grants",
            "amount_minor",
            "currency_code",
            at="granted_at",
            note=f"'quantity ' || {_QUANTITY}",
        ),
        Kind(
            "prepaid_drawdown",
            "prepaid drawdown",
            "prepaid_drawdown",
            "drawdown_id",
            "prepaid_drawdowns",
            at="drawn_at",
            note=f"'quantity ' || {_QUANTITY}",
        ),
        Kind(
            "invoice_line",
            "invoice line",
            "invoice_line",
            "line_id",
            "invoice_lines",
            "amount_minor",
            "currency_code",
            at="finalized_at",
            note=f"sku || ', ' || kind || ', quantity ' || {_QUANTITY}"
            " || ', ' || service_start || ' to ' || service_end || ', net'",
        ),
        Kind(
            "invoice",
            "invoice",
            "invoice",
            "invoice_id",
            "invoices",
            "total_amount_minor",
            "currency_code",
            "status",
            "finalized_at",
            "correlation_id",
            "coalesce(number || ', gross', 'gross')",
            "number",
        ),
        Kind(
            "credit_note",
            "credit note",
            "credit_note",
            "credit_note_id",
            "credit_notes",
            "-total_amount_minor",
            "currency_code",
            "status",
            "issue_date::timestamp",
            "correlation_id",
            "number || ', ' || reason || ', gross'",
            "number",
        ),
        Kind(
            "credit_note_line",
            "credit note line",
            "credit_note_line",
            "credit_note_line_id",
            "credit_note_lines",
            "-amount_minor",
            "currency_code",
            at="issue_date::timestamp",
        ),
        Kind(
            "ar_document",
            "receivable document",
            "ar_document",
            "document_id",
            "ar_documents",
            _DIRECTED,
            "currency_code",
            "status",
            "created_at",
            "correlation_id",
            _DOCUMENT,
            "number",
        ),
        Kind(
            "ar_document_line",
            "document line",
            "ar_document_line",
            "document_line_id",
            "ar_document_lines",
            "sign * amount_minor",
            "currency_code",
            at="posting_date::timestamp",
            note="'account ' || account_number || ', net'",
        ),
        Kind(
            "journal",
            "journal",
            "journal_line",
            "journal_id",
            "journal_lines",
            "debit_minor",
            "currency_code",
            at="created_at",
            note="'source ' || source || ', ' || legal_entity_code || ' ' || period || ', debits'",
        ),
        Kind(
            "revenue_schedule",
            "revenue schedule",
            "revenue_schedule",
            "schedule_id",
            "revenue_schedules",
            "amount_minor",
            "currency_code",
            "status",
            _PERIOD_BEGINS,
            note="sku || ' ' || period",
        ),
        Kind(
            "payment",
            "payment",
            "payment",
            "payment_id",
            "payments",
            "amount_minor",
            "currency_code",
            "status",
            "received_at",
            "reference",
        ),
        Kind(
            "refund",
            "refund",
            "refund",
            "refund_id",
            "refunds",
            "-amount_minor",
            "currency_code",
            "status",
            "created_at",
        ),
        Kind(
            "dispute",
            "dispute",
            "dispute",
            "dispute_id",
            "disputes",
            "-amount_minor",
            "currency_code",
            "status",
            "created_at",
        ),
        Kind(
            "payout",
            "payout",
            "payout",
            "payout_id",
            "payouts",
            "amount_minor",
            "currency_code",
            at="arrival_date::timestamp",
        ),
        Kind(
            "cash_receipt",
            "receipt",
            "cash_receipt",
            "receipt_id",
            "cash_receipts",
            "amount_minor",
            "currency_code",
            "status",
            "received_date::timestamp",
        ),
        Kind(
            "cash_application",
            "application",
            "cash_application",
            "application_id",
            "cash_applications",
            "amount_minor",
            "currency_code",
            at="applied_at",
            note="'period ' || period",
        ),
        Kind(
            "interface_message",
            "interface message",
            "interface_message",
            "message_id",
            "interface_log",
            status="status",
            at="sent_at",
            correlation="correlation_id",
            note="attempts || if(attempts = 1, ' attempt', ' attempts') || coalesce(', ' || error_message, '')",
        ),
    )
}
