"""Variance: what should have been billed, what was, what was posted and paid; where it stops tying, and the records."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from dashboards.components import money, words
from dashboards.components.facts import back
from dashboards.components.filters import choose, search, switch
from dashboards.components.frame import begin, needs
from dashboards.components.listing import download, link
from dashboards.components.paging import page_of
from dashboards.components.record_list import record_list
from dashboards.components.scope_bar import scope_bar
from dashboards.components.table import Cell, Column, table
from dashboards.queries import run, variance
from dashboards.queries.scope import Scope
from dashboards.snapshot import Row, Snapshot

PAGE = "variance"
GROUPS = {"entity": "Legal entity", "customer": "Customer", "period": "Service month"}
STAGES = {
    "expected_minor": ("Expected", "Usage and fees at contract terms (E)", "results"),
    "metered_minor": ("Metered", "What metering handed to billing, at the same terms (M)", "results"),
    "billed_minor": ("Billed", "Invoices less credit notes (B)", "invoice_lines"),
    "posted_minor": ("Posted", "Receivable documents in the ERP less credit memos (P)", "ar_documents"),
    "settled_minor": ("Paid", "Cash applied in the ERP (S)", "cash_applications"),
}
BESIDE = 3  # as many currencies stand beside a cause on half a screen; more stand below it


def show() -> None:
    """The page."""
    db = begin("Variance", "From usage to cash, excluding tax: where does the money stop tying?")
    if not needs(db, "marts.bridge_cells", "marts.bridge_allocation", "canonical.billing_customer"):
        return
    scope = scope_bar(db, PAGE, run.service_months(db), "Service month")
    first, second, third = st.columns(3, vertical_alignment="bottom")
    with first:
        text = search(PAGE, "q", "Customer", "part of a name or number")
    with second:
        group = choose(PAGE, "by", "A row per", list(GROUPS), "entity", GROUPS.__getitem__, segmented=True)
    with third:
        differing = switch(PAGE, "differing", "Only what differs", default=False)
    customer = st.query_params.get("customer", "")
    scope = Scope(
        entity=scope.entity, currency=scope.currency, period=scope.period, customer=customer, customer_text=text
    )
    if customer:
        name = run.customer_names(db, [customer]).get(customer, "name unknown")
        st.markdown("**One customer**")
        back(f"{customer}, {name}: show all customers again", _address(scope, group, customer=""))
    if _totals(db, scope, group):
        _groups(db, scope, group, differing)
        _why(db, scope, group)
    else:
        st.info("Nothing was used, billed, posted or paid of what is chosen above, so there is nothing to compare.")
    st.subheader("Records", anchor="records")
    record_list(db, PAGE, scope)


def _address(scope: Scope, group: str, **changed: str) -> str:
    given = {"entity": scope.entity, "currency": scope.currency, "period": scope.period, "customer": scope.customer,
             "q": scope.customer_text, "by": "" if group == "entity" else group}  # fmt: skip
    return link(PAGE, **{**given, **changed})


def _records_address(scope: Scope, group: str, chosen: dict[str, str], kind: str) -> str:
    return _address(scope, group, **chosen, records=kind) + "#records"


def _stage_cells(row: Row, address: Callable[[str], str]) -> dict[str, Cell]:
    """An amount per stage, how much less or more it is than the stage before, and a link to its records."""
    cells: dict[str, Cell] = {}
    before: int | None = None
    for stage, (label, _, kind) in STAGES.items():
        value = int(row[stage])
        text = money.amount(value, row["currency_code"])
        cells[stage] = Cell(
            text,
            note="" if before is None else _gap(value - before, row["currency_code"]),
            # what is posted and not paid is mostly not due: "Why" tells it from what is overdue or misapplied
            note_tone="muted" if stage == "settled_minor" else "bad",
            tone="negative" if value < 0 else "",
            href=address(kind),
            label=f"{label} {row['currency_code']} {text}: show the records",
        )
        before = value
    return cells


def _gap(difference: int, currency: str) -> str:
    if not difference:
        return ""
    size = money.amount(abs(difference), currency)
    return f"▼ {size} less" if difference < 0 else f"▲ {size} more"


def _columns(first: str) -> tuple[Column, ...]:
    stages = (Column(stage, label, numeric=True, hint=hint) for stage, (label, hint, _) in STAGES.items())
    return (Column("name", first), Column("currency", "Currency", below=True), *stages)


def _totals(db: Snapshot, scope: Scope, group: str) -> bool:
    """Whether there is anything."""
    rows: list[dict[str, Cell]] = []
    for row in variance.totals(db, scope):
        currency = row["currency_code"]
        cells = _stage_cells(row, partial(_records_address, scope, group, {"currency": currency}))
        rows.append({"name": Cell(currency, href=_address(scope, group, currency=currency)), **cells})
    columns = _columns("Currency")
    table(
        "Total of what is chosen, one row per currency; each stage compared with the one before",
        (columns[0], *columns[2:]),
        rows,
        key="totals",
    )
    return bool(rows)


def _groups(db: Snapshot, scope: Scope, group: str, differing: bool) -> None:
    total = variance.count(db, scope, group, differing)
    page = page_of("groups", total, (group, differing, scope))
    found = variance.page(db, scope, group, differing, page.limit, page.offset)
    names = run.customer_names(db, [row["name"] for row in found]) if group == "customer" else run.entities(db)
    rows = [_group_row(row, names, scope, group) for row in found]
    table(f"By {GROUPS[group].lower()}: {page.words}", _columns(GROUPS[group]), rows, key="groups")
    download(db, "Download these rows (CSV)", f"variance-by-{group}", total, variance.download(scope, group, differing))


def _group_row(row: Row, names: dict[str, str], scope: Scope, group: str) -> dict[str, Any]:
    name, currency = row["name"] or "", row["currency_code"]
    deeper = {"entity": "customer", "customer": "period", "period": "customer"}[group]
    cells = _stage_cells(row, partial(_records_address, scope, group, {group: name, "currency": currency}))
    known = names.get(name, "")
    return {
        "name": Cell(name or "–", note=known if known != name else "", href=_address(scope, deeper, **{group: name})),
        "currency": currency,
        **cells,
    }


def _why(db: Snapshot, scope: Scope, group: str) -> None:
    st.subheader("Why", anchor=False)
    found = variance.causes(db, scope)
    if not found:
        st.success("No difference between the stages in what is chosen above.", icon=":material/check:")
        return
    currencies = sorted({row["currency_code"] for row in found})
    causes: dict[tuple[str, str], dict[str, Any]] = {}
    for row in sorted(found, key=lambda row: (row["leg"], row["cause_code"])):
        cells = causes.setdefault(
            (row["leg"], row["cause_code"]),
            {"leg": words.LEG.get(row["leg"], row["leg"]), "cause": words.cause(row["cause_code"])},
        )
        cells[row["currency_code"]] = _explained(row, scope, group)
    columns = (
        Column("leg", "Between", mid=True),
        Column("cause", "Cause", wide=True),
        *(Column(currency, currency, numeric=True, below=len(currencies) > BESIDE) for currency in currencies),
    )
    rows = [{**dict.fromkeys(currencies, money.NOTHING), **cells} for cells in causes.values()]
    caption = "What explains the differences. Positive: lost on the way to the next stage. Negative: more than was due."
    table(caption, columns, rows, key="causes")


def _explained(row: Row, scope: Scope, group: str) -> Cell:
    """The amount, with a link to the differences that add up to it; what cancels out is not nothing."""
    currency = row["currency_code"]
    text = money.amount(row["amount_minor"], currency)
    chosen = {"currency": currency, "leg": row["leg"], "cause": row["cause_code"]}
    return Cell(
        text,
        note="" if row["amount_minor"] else f"{money.amount(row['lost_minor'], currency)} each way",
        href=_records_address(scope, group, chosen, "differences"),
        label=f"{words.cause(row['cause_code'])} {currency} {text}: show the records",
    )


show()
