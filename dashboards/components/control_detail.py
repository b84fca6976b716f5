"""One control: what it says, how it went period by period, and its results as a list to work through."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from dashboards.components import money, words
from dashboards.components.facts import facts, heading, onward
from dashboards.components.filters import choose, search
from dashboards.components.listing import download, link, result_columns, result_row
from dashboards.components.paging import page_of
from dashboards.components.suggestions import suggestions
from dashboards.components.table import Cell, Column, table
from dashboards.queries import controls, results
from dashboards.queries.scope import Scope
from dashboards.snapshot import Row, Snapshot

STATUSES = ("break", "timing", "not_testable", "in_tolerance", "matched")
PAGE = "controls"


def control_detail(db: Snapshot, entry: Row, scope: Scope) -> None:
    """Shows the control in the scope."""
    heading(f"{entry['code']} {entry['title']}")
    facts(
        [
            ("What a failure means", entry["words"] or ""),
            ("Next step", entry["next_step"] or ""),
            ("Who acts", words.owner_of(entry["code"], entry["owner_role"])),
            ("Severity", words.severity(entry["severity"])),
            ("Tolerance", words.without_code(entry["tolerance"])),
            ("Time allowed", words.without_code(entry["timing_window"])),
            ("Needs", words.objects(entry["objects"])),
        ]
    )
    _results(db, entry, scope)
    suggestions(db, entry["code"], scope)
    with st.expander("Period by period", expanded=False):
        _trend(db, entry["code"], scope)


def _results(db: Snapshot, entry: Row, scope: Scope) -> None:
    code = entry["code"]
    left, right = st.columns([2, 1])
    with left:
        status = choose(
            PAGE, "status", "Show", [*STATUSES, "all"], default="break", segmented=True,
            words=lambda value: "All" if value == "all" else words.status(value).text,
        )  # fmt: skip
    with right:
        text = search(PAGE, "q", "Find a record, customer or cause", "an invoice number")
    narrowed = Scope(**{**vars(scope), "search": text})
    wanted = "" if status == "all" else status
    total = results.count(db, narrowed, code, wanted)
    page = page_of("results", total, (code, wanted, narrowed))
    rows = results.page(db, narrowed, code, wanted, page.limit, page.offset)
    unplaced = controls.unplaced(db, scope).get(code, 0)
    if unplaced:
        onward(
            f"{unplaced:,} more of {code} do{'es' if unplaced == 1 else ''} not tie and"
            f" name{'s' if unplaced == 1 else ''} no {words.unplaced(scope.entity, scope.period)}: show all of {code}",
            link(PAGE, control=code, currency=scope.currency),
        )
    if not rows and unplaced and not results.count(db, replace(narrowed, search=""), code):
        st.info("None of what was compared names what is chosen above.")
    elif not rows and not results.count(db, replace(narrowed, search=""), code):
        st.info("Nothing was compared of what is chosen above.")
    elif not rows:
        st.info("No result of this kind in what is chosen above.")
        _other_kinds(db, narrowed, code, status)
    else:
        step = entry["next_step"] or ""
        shown = [result_row(row, _address(row, scope, status), known_step=step) for row in rows]
        kind = words.status(wanted).text if wanted else "Results"
        caption = f"{kind}, {page.words}. The largest difference first, per currency."
        table(caption, _columns(entry, wanted, rows), shown, key="results")
    download(db, "Download these results (CSV)", f"{code}-{status}", total, results.download(narrowed, code, wanted))


def _other_kinds(db: Snapshot, scope: Scope, code: str, status: str) -> None:
    """Leads to the results that the choice leaves out, where there are any."""
    for kind in STATUSES:
        found = 0 if kind == status else results.count(db, scope, code, kind)
        if found:
            onward(
                f"{words.status(kind).text}, {found:,}: show them",
                link(
                    PAGE, control=code, status="" if kind == "break" else kind, entity=scope.entity,
                    period=scope.period, currency=scope.currency, q=scope.search,
                ),
            )  # fmt: skip


def _columns(entry: Row, status: str, rows: list[Row]) -> list[Column]:
    """The columns of results of a status, the two sides under the names that the control gives them; a control of names
    and mappings has no values to show."""
    names = dict(zip(("left", "right"), words.sides(entry["code"], entry["title"]), strict=True))
    has_values = any(row[f"{side}_value"] is not None for row in rows for side in names)
    return [
        replace(column, label=names.get(column.key, column.label))
        for column in result_columns(status)
        if has_values or column.key not in names
    ]


def _address(row: Row, scope: Scope, status: str) -> str:
    return link(
        PAGE, control=row["code"], record=row["match_key"], instance=row["source_instance"], entity=scope.entity,
        currency=scope.currency, period=scope.period, status="" if status == "break" else status,
    )  # fmt: skip


def _trend(db: Snapshot, code: str, scope: Scope) -> None:
    counts = ("compared", "matched", "in_tolerance", "timing", "breaks", "not_testable")
    columns = (
        Column("period", "Period"),
        Column("currency", "Currency"),
        *(Column(name, words.COUNTS[name], numeric=True) for name in counts),
        Column("net", "Net difference", numeric=True),
        Column("absolute", "Sum of differences without sign", numeric=True),
    )
    rows: list[dict[str, Any]] = [
        {
            "period": Cell(
                row["period"] or "no period", href=link(PAGE, control=code, period=row["period"], entity=scope.entity)
            ),
            "currency": row["currency_code"] or money.NOTHING,
            **{name: money.count(row[name]) for name in counts},
            "breaks": Cell(money.count(row["breaks"]), tone="bad" if row["breaks"] else ""),
            "net": money.amount(row["break_net_minor"], row["currency_code"])
            if row["currency_code"]
            else money.NOTHING,
            "absolute": money.amount(row["break_absolute_minor"], row["currency_code"])
            if row["currency_code"]
            else money.NOTHING,
        }
        for row in controls.trend(db, code, scope)
    ]
    table("All accounting periods, newest first", columns, rows, key="trend")
