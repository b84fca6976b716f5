"""The records behind an amount of the variance page: exceptions, results, documents, cash."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboards.components import money, words
from dashboards.components.facts import back
from dashboards.components.filters import choose
from dashboards.components.frame import moment, needs
from dashboards.components.listing import download, link, result_columns, result_row
from dashboards.components.paging import page_of
from dashboards.components.table import Column, Value, table
from dashboards.queries import records, results
from dashboards.queries.scope import Scope
from dashboards.snapshot import Row, Snapshot

KINDS = {"exceptions": "What does not tie", "results": "All comparisons"} | {
    kind: listing.label for kind, listing in records.LISTINGS.items()
}
_LEFT_OUT = ("source_instance", "invoice_id", "document_id", "invoice_status", "service_end", "issue_date")
"""In the download, and not on the page."""


def record_list(db: Snapshot, page: str, scope: Scope) -> None:
    """Shows the chosen kind of record in the scope (whose period is a service month)."""
    kind = choose(
        page, "records", "Records behind the figures", list(KINDS), "exceptions", KINDS.__getitem__, segmented=True
    )
    if kind == "differences":
        _documents(db, kind, _of_one_cause(scope))
    elif kind in records.LISTINGS:
        _documents(db, kind, scope)
    else:
        _results(db, kind, Scope(entity=scope.entity, currency=scope.currency, customer=scope.customer,
                                 customer_text=scope.customer_text, service_month=scope.period))  # fmt: skip


def _of_one_cause(scope: Scope) -> Scope:
    """The scope narrowed to the cause in the URL, which is said."""
    leg, cause = st.query_params.get("leg", ""), st.query_params.get("cause", "")
    if leg or cause:
        said = ": ".join(part for part in (words.LEG.get(leg, leg), words.cause(cause) if cause else "") if part)
        given = {name: st.query_params.get(name) for name in ("entity", "period", "currency", "customer", "q", "by")}
        back(f"{said}. Show all causes again", link("variance", **given, records="differences") + "#records")
    return replace(scope, leg=leg, cause=cause)


def _results(db: Snapshot, kind: str, scope: Scope) -> None:
    if not needs(db, "marts.reconciliation_results", "marts.exceptions", "canonical.invoice_line"):
        return
    status = "break" if kind == "exceptions" else ""
    total = results.count(db, scope, "", status)
    page = page_of(kind, total, (kind, scope))
    rows = results.page(db, scope, "", status, page.limit, page.offset)
    shown: list[dict[str, Value]] = []
    for row in rows:
        href = link("controls", control=row["code"], record=row["match_key"], instance=row["source_instance"])
        shown.append(result_row(row, href, control=f"{row['code']} {row['title'] or ''}".strip()))
    if shown:
        table(f"{KINDS[kind]}: {page.words}", result_columns(status), shown, key="records")
    else:
        st.success(f"{KINDS[kind]}: nothing in what is chosen above.", icon=":material/check:")
    download(db, "Download these records (CSV)", kind, total, results.download(scope, "", status))


def _documents(db: Snapshot, kind: str, scope: Scope) -> None:
    if not needs(db, *records.LISTINGS[kind].tables):
        return
    total = records.count(db, kind, scope)
    page = page_of(kind, total, (kind, scope))
    rows = records.page(db, kind, scope, page.limit, page.offset)
    if not rows:
        st.info(f"{KINDS[kind]}: none in what is chosen above.")
    else:
        names = [name for name in rows[0] if name not in _LEFT_OUT]
        columns = [Column(name, words.field(name), numeric=_is_number(name)) for name in names]
        table(
            f"{KINDS[kind]}: {page.words}",
            columns,
            [{name: text(name, row) for name in names} for row in rows],
            key="records",
        )
    download(db, "Download these records (CSV)", kind, total, records.download(kind, scope))


def _is_number(name: str) -> bool:
    return name.endswith("_minor") or name == "quantity"


def text(name: str, record: Row) -> str:
    """A field of a record as text: amounts in major units, times in UTC, empty as a dash."""
    value: Any = record.get(name)
    if name == "leg":
        return words.LEG.get(value, value)
    if name == "cause_code":
        return words.cause(value)
    if name in ("left_ref", "right_ref") and value:
        return words.reference(value)
    if name.endswith("_minor"):
        return money.amount(value, record.get("currency_code"))
    if value is None:
        return money.NOTHING
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return f"{value:%-d %b %Y}"
    if isinstance(value, Decimal):
        return money.quantity(value)
    return str(value)
