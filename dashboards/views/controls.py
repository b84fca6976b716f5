"""Controls: every control with its last result and trend; one control with its breaks; one break with both sides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from dashboards.components import money, words
from dashboards.components.control_detail import control_detail
from dashboards.components.facts import back
from dashboards.components.frame import begin, needs
from dashboards.components.listing import link
from dashboards.components.pair import pair
from dashboards.components.scope_bar import scope_bar
from dashboards.components.table import Bars, Cell, Column, table
from dashboards.queries import controls, results
from dashboards.queries.scope import Scope
from dashboards.snapshot import Row, Snapshot

PAGE = "controls"
COLUMNS = (
    Column("control", "Control", wide=True),
    Column("result", "Result"),
    Column("breaks", "Does not tie", numeric=True),
    Column(
        "amount", "Amount that does not tie", numeric=True, hint="Differences added without their sign, per currency"
    ),
    Column("compared", words.COUNTS["compared"], numeric=True, below=True),
    Column("matched", "Ties", numeric=True, below=True),
    Column("in_tolerance", "Within tolerance", numeric=True, below=True),
    Column("timing", "Not due yet", numeric=True, below=True),
    Column("not_testable", "Not tested", numeric=True, below=True),
    Column("trend", "Breaks by period", narrow=True, below=True),
    Column("owner", "Who acts", below=True),
)

BUDGET_COLUMNS = (
    Column("control", "Control"),
    Column("entity", "Legal entity", narrow=True),
    Column("differences", "Differences", numeric=True),
    Column("net", "Net", numeric=True, hint="A bias shows here: errors in both directions cancel out"),
    Column("absolute", "Without sign", numeric=True),
    Column("cap", "Cap", numeric=True, hint="What one run may let pass, in the entity's own currency"),
    Column("state", "Result"),
)
BUDGET_STATES = {
    "within": Cell("✓ Below the cap", tone="good"),
    "breached": Cell("✕ Above the cap", tone="bad"),
    "not_testable": Cell("– Not tested", tone="muted"),
}


def show() -> None:
    """The page; which of its three depths follows from the URL."""
    db = begin("Controls", "What is compared with what, what does not tie, and who acts.")
    if not needs(db, "marts.reconciliation_results", "marts.exceptions"):
        return
    code, record = st.query_params.get("control", ""), st.query_params.get("record", "")
    entry = controls.catalogue_entry(db, code) if code else {}
    if code and not entry:
        st.warning("There is no control of that code in this snapshot; here are all.")
    if entry and record:
        _record(db, entry, record)
        return
    if entry:
        back("All controls", link(PAGE, entity=st.query_params.get("entity"), period=st.query_params.get("period")))
    scope = scope_bar(db, PAGE)
    if entry:
        control_detail(db, entry, scope)
    else:
        _overview(db, scope)


def _record(db: Snapshot, entry: Row, record: str) -> None:
    parameters = {name: st.query_params.get(name) for name in ("entity", "currency", "period", "status")}
    back(f"Results of {entry['code']} {entry['title']}", link(PAGE, control=entry["code"], **parameters))
    found = results.one(db, entry["code"], st.query_params.get("instance", ""), record)
    if found:
        pair(db, found)
    else:
        st.warning(f"{entry['code']} has no result for that record in this snapshot. It may have been settled since.")


def _overview(db: Snapshot, scope: Scope) -> None:
    overview = controls.overview(db, scope)
    amounts: dict[str, list[Cell]] = {}
    for row in controls.amounts(db, scope):
        if row["break_absolute_minor"]:
            amounts.setdefault(row["code"], []).append(
                Cell(money.with_currency(row["break_absolute_minor"], row["currency_code"]))
            )
    for code, number in controls.without_amount(db, scope).items():
        if code in amounts:
            amounts[code].append(Cell("", note=f"and {number:,} without an amount"))
    history: dict[str, dict[str, int]] = {}
    for row in controls.breaks_by_period(db, scope):
        history.setdefault(row["code"], {})[row["period"]] = int(row["breaks"])
    periods = sorted({period for of in history.values() for period in of})[-12:]
    broken = [row for row in overview if row["breaks"]]
    is_any = any(row["compared"] for row in overview)
    differences = sum(int(row["breaks"]) for row in broken)
    untested = sum(bool(row["not_testable"]) for row in overview)
    if broken:
        problems = controls.problems(db, scope)
        st.markdown(
            f"**{len(broken)} of {len(overview)} controls do not tie**: {words.differences(differences, problems)}."
        )
    elif is_any:
        st.markdown(f"**Nothing is broken** in {len(overview)} controls for what is chosen above.")
    else:
        st.markdown("**Nothing to compare** for what is chosen above: no control has a result of it.")
    unplaced = controls.unplaced(db, scope)
    if unplaced:
        number, none = sum(unplaced.values()), words.unplaced(scope.entity, scope.period)
        st.markdown(
            f"**Beside these, {number:,} in {', '.join(unplaced)} name{'s' if number == 1 else ''} no {none}.**"
            " What blocks a close counts there all the same: *Close* lists it."
        )
    if untested:
        st.markdown(f"{untested} could not be tested, in whole or in part.")
    trends = {
        code: tuple((period, of.get(period, 0)) for period in periods)
        for code, of in history.items()
        if of.keys() & set(periods)
    }
    owners = controls.owners(db, scope)
    rows = [
        _overview_row(
            row,
            amounts.get(row["code"], []),
            trends.get(row["code"], ()),
            scope,
            unplaced.get(row["code"], 0),
            owners.get(row["code"], {}),
        )
        for row in overview
    ]
    table("Every control. Amounts are differences without their sign, per currency, never added across currencies.",
          COLUMNS, rows, key="controls")  # fmt: skip
    if db.has("marts.tolerance_budget"):
        _tolerated(db, scope)


def _tolerated(db: Snapshot, scope: Scope) -> None:
    """Each difference is small; what they add up to is shown, because a tolerance hides."""
    rows = controls.tolerated(db, scope)
    if not rows:
        return
    shown = [
        {
            "control": row["code"],
            "entity": row["legal_entity_code"],
            "differences": money.count(row["differences"]),
            "net": money.with_currency(row["net_minor"], row["currency_code"]),
            "absolute": money.with_currency(row["absolute_minor"], row["currency_code"]),
            "cap": money.with_currency(row["cap_minor"], row["base_currency_code"]),
            "state": BUDGET_STATES.get(row["state"], Cell(row["state"])),
        }
        for row in rows
    ]
    breached = sum(row["state"] == "breached" for row in rows)
    with st.expander("What the tolerances let pass, added up", expanded=bool(breached)):
        table(
            "Differences within tolerance, all periods, against the cap of a run.", BUDGET_COLUMNS, shown, key="budget"
        )


def _overview_row(
    row: Row,
    amounts: list[Cell],
    trend: tuple[tuple[str, int], ...],
    scope: Scope,
    unplaced: int,
    owners: dict[str, int],
) -> dict[str, Any]:
    href = link(PAGE, control=row["code"], entity=scope.entity, currency=scope.currency, period=scope.period)
    counts = {name: int(row[name]) for name in words.COUNTS}
    beside = f"{unplaced:,} of no {words.unplaced(scope.entity, scope.period)}"
    return {
        "control": Cell(f"{row['code']} {row['title']}", href=href, note=words.severity(row["severity"])),
        "result": replace(words.status("break"), note=beside) if unplaced else words.verdict(counts),
        "breaks": Cell(money.count(row["breaks"]), tone="bad" if row["breaks"] else ""),
        "amount": amounts or money.NOTHING,
        **{name: money.count(row[name]) for name in ("compared", "matched", "in_tolerance", "timing", "not_testable")},
        "trend": Bars(trend, _trend_words(trend, scope.period)) if trend else money.NOTHING,
        "owner": _owners(row, owners),
    }


def _owners(row: Row, owners: dict[str, int]) -> list[Cell]:
    """Who acts on the breaks that are shown, with how many where they are several; else who would."""
    if not owners:
        return [Cell(words.owner_of(row["code"], row["owner_role"]))]
    return [
        Cell(f"{words.owner(role)}, {number:,}" if len(owners) > 1 else words.owner(role))
        for role, number in owners.items()
    ]


def _trend_words(history: tuple[tuple[str, int], ...], period: str) -> str:
    """The count of the period that is looked at, else of the last."""
    if not any(count for _, count in history):
        return f"none, {history[0][0]} to {history[-1][0]}" if len(history) > 1 else f"none in {history[0][0]}"
    last, count = next((one for one in history if one[0] == period), history[-1])
    return f"{last}: {count}"


show()
