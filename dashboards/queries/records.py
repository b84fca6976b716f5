"""What stands behind a cell of the variance page: its differences, invoice lines of its service month, what the ERP
posted for them, and the cash applied to that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashboards.queries.scope import CUSTOMER_TEXT, Scope, where
from dashboards.snapshot import DOWNLOAD_LIMIT, Row, Snapshot


@dataclass(frozen=True)
class Listing:
    """One kind of record: its select, the tables it needs, and its order."""

    label: str
    tables: tuple[str, ...]
    select: str
    order: str


_LINES = "lines as (select source_instance, line_id, invoice_id from canonical.invoice_line where {lines})"
_DOCUMENTS = """
    documents as (
        select d.*, c.billing_customer_id as customer_id
        from canonical.ar_document as d
        left join canonical.erp_customer as c
            on c.source_instance = d.source_instance and c.erp_customer_id = d.erp_customer_id
        where {documents} and (
            exists (
                select 1 from lines
                where lines.source_instance = d.billing_instance and lines.invoice_id = d.external_id
            )
            or exists (
                select 1 from canonical.credit_note as n
                inner join lines on lines.source_instance = n.source_instance and lines.invoice_id = n.invoice_id
                where n.source_instance = d.billing_instance and n.credit_note_id = d.external_id
            )
            -- nothing in billing stands behind it: its own accounting period is all there is to place it by
            or (d.external_object is null and {unplaced})
        )
    )
"""

LISTINGS = {
    "differences": Listing(
        "Differences by cause",
        ("marts.bridge_allocation",),
        """
        select leg, cause_code, currency_code, amount_minor, legal_entity_code, customer_id, subscription_id, sku,
            service_period_start, left_ref, right_ref
        from marts.bridge_allocation where amount_minor <> 0 and {cells}
        """,
        "currency_code, abs(amount_minor) desc, leg, cause_code, customer_id, subscription_id, sku,"
        " service_period_start, left_ref, right_ref",
    ),
    "invoice_lines": Listing(
        "Invoice lines",
        ("canonical.invoice_line",),
        """
        select invoice_number, invoice_status, line_id, subscription_id, sku, kind, service_start, service_end,
            quantity, currency_code, discount_amount_minor, amount_minor, tax_amount_minor, customer_id,
            legal_entity_code, issue_date, invoice_id, source_instance
        from canonical.invoice_line where {lines}
        """,
        "currency_code, issue_date desc, invoice_id, line_id",
    ),
    "ar_documents": Listing(
        "Receivable documents",
        ("canonical.ar_document", "canonical.erp_customer", "canonical.invoice_line", "canonical.credit_note"),
        f"""
        with {_LINES}, {_DOCUMENTS}
        select number, document_type, status, external_id, posting_date, period, currency_code, net_amount_minor,
            tax_amount_minor, total_amount_minor, open_amount_minor, customer_id, legal_entity_code, document_id,
            source_instance
        from documents
        """,
        "currency_code, posting_date desc, document_id",
    ),
    "cash_applications": Listing(
        "Cash applications",
        ("canonical.cash_application", "canonical.ar_document", "canonical.erp_customer", "canonical.invoice_line",
         "canonical.credit_note"),
        f"""
        with {_LINES}, {_DOCUMENTS}
        select a.application_id, a.receipt_id, documents.number as document_number, a.applied_at, a.period,
            a.currency_code, a.amount_minor, documents.customer_id, a.legal_entity_code, a.document_id,
            a.source_instance
        from canonical.cash_application as a
        inner join documents on documents.source_instance = a.source_instance and documents.document_id = a.document_id
        """,
        "currency_code, applied_at desc, application_id",
    ),
}  # fmt: skip


def count(db: Snapshot, kind: str, scope: Scope) -> int:
    """How many records of the kind stand behind the scope."""
    sql, values = _sql(kind, scope)
    return int(db.row(f"select count(*) as n from ({sql})", values)["n"])


def page(db: Snapshot, kind: str, scope: Scope, limit: int, offset: int) -> list[Row]:
    """A page of records, newest first within each currency."""
    sql, values = _sql(kind, scope)
    return db.rows(f"select * from ({sql}) order by {LISTINGS[kind].order} limit ? offset ?", (*values, limit, offset))


def download(kind: str, scope: Scope) -> tuple[str, tuple[Any, ...]]:
    """All records, as many as a file holds: a query for `Snapshot.stream`."""
    sql, values = _sql(kind, scope)
    return f"select * from ({sql}) order by {LISTINGS[kind].order} limit ?", (*values, DOWNLOAD_LIMIT)


def _sql(kind: str, scope: Scope) -> tuple[str, tuple[Any, ...]]:
    lines, line_values = where(
        ("legal_entity_code = ?", scope.entity),
        ("currency_code = ?", scope.currency),
        ("strftime(service_start, '%Y-%m') = ?", scope.period),
        ("customer_id = ?", scope.customer),
        (CUSTOMER_TEXT, scope.customer_text),
    )
    cells, cell_values = where(
        ("legal_entity_code = ?", scope.entity),
        ("currency_code = ?", scope.currency),
        ("strftime(service_period_start, '%Y-%m') = ?", scope.period),
        ("customer_id = ?", scope.customer),
        (CUSTOMER_TEXT, scope.customer_text),
        ("leg = ?", scope.leg),
        ("cause_code = ?", scope.cause),
    )
    documents, document_values = where(("d.currency_code = ?", scope.currency))
    unplaced, unplaced_values = where(
        ("d.legal_entity_code = ?", scope.entity),
        ("d.period = ?", scope.period),
        ("c.billing_customer_id = ?", scope.customer),
        (f"c.billing_{CUSTOMER_TEXT}", scope.customer_text),
    )
    select = LISTINGS[kind].select
    if "{cells}" in select:
        return select.format(cells=cells), cell_values
    values = (*line_values, *document_values, *unplaced_values) if "{documents}" in select else line_values
    return select.format(lines=lines, documents=documents, unplaced=unplaced), values
