"""Close: per entity and period whether the books can be closed, which gate says no, and how fresh the sources are."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards.components import money, words
from dashboards.components.facts import onward
from dashboards.components.filters import ALL, choose, switch
from dashboards.components.frame import begin, day_and_time, moment, needs
from dashboards.components.listing import download, link, result_columns, result_row
from dashboards.components.paging import page_of
from dashboards.components.table import Cell, Column, Value, table
from dashboards.queries import close, results, run
from dashboards.queries.scope import Scope
from dashboards.snapshot import Row, Snapshot

PAGE = "close"
# a browser goes to a place when the page is loaded, and there is nothing yet where this one will be
TO_BLOCKING = "<script>if (location.hash == '#blocking') document.getElementById('blocking')?.scrollIntoView()</script>"
GATES = {
    "gate_source_health": ("Source data complete and fresh", "R38"),
    "gate_interface": ("Nothing lost between the systems", "R22"),
    "gate_receivables": ("Invoices tie to receivables", "R14"),
    "gate_deferred_revenue": ("Deferred revenue rolls forward to the ledger", "R31"),
    "gate_control_account": ("Receivables tie to the ledger", "R33"),
    "gate_unexplained": ("Unexplained within the limit", ""),
    "gate_open_s1": ("Nothing open that blocks a close", ""),
}
STATUS_COLUMNS = (
    Column("entity", "Legal entity", mid=True),
    Column("period", "Period", narrow=True),
    Column("readiness", "Can it close?"),
    Column("gates", "What stands in the way", wide=True, below=True),
    Column("unexplained", "Unexplained", numeric=True, hint="Differences without a known cause, without their sign"),
    Column("threshold", "Limit", numeric=True, hint="Clearly trivial amount of the entity"),
    Column("open", "Open and blocking", numeric=True, hint="Open differences of severity S1"),
    Column("known", "Newest extract", narrow=True, hint="Of all sources that the entity's books rest on"),
)
SOURCE_COLUMNS = (
    Column("source", "Source"),
    Column("state", "State"),
    Column("age", "Age of the oldest extract", numeric=True),
    Column("extracted", "Oldest extract", below=True),
    Column("objects", "Objects", numeric=True, below=True),
    Column("accepted", "Rows accepted", numeric=True),
    Column("quarantined", "Rows against contract", numeric=True, hint="Dead letters; what repeats a key is R19's"),
)
BLOCKING_COLUMNS = result_columns("break")
OBJECT_COLUMNS = (
    Column("object", "Object"),
    Column("state", "State"),
    Column("age", "Age", numeric=True),
    Column("accepted", "Rows accepted", numeric=True),
    Column("quarantined", "Rows against contract", numeric=True, hint="Dead letters; what repeats a key is R19's"),
    Column("reason", "Why", wide=True, below=True),
)


def show() -> None:
    """The page."""
    db = begin("Close", "Which entity can close, and what stands in the way.")
    if not needs(db, "marts.close_status", "marts.source_health"):
        return
    scope = _scope(db)
    _status(db, scope)
    _blocking(db, scope)
    _sources(db)


def _scope(db: Snapshot) -> Scope:
    entities = run.entities(db)
    first, second = st.columns(2)
    with first:
        entity = choose(
            PAGE, "entity", "Legal entity", [ALL, *entities],
            words=lambda code: f"{code} ({entities[code]})" if code else "All entities", follow=True,
        )  # fmt: skip
    with second:
        period = choose(
            PAGE, "period", "Accounting period", [*close.periods(db), "all"], close.period_to_close(db) or "all",
            words=lambda code: "All periods" if code == "all" else code, follow=True,
        )  # fmt: skip
    return Scope(entity=entity, period="" if period == "all" else period)


def _status(db: Snapshot, scope: Scope) -> None:
    counts = close.count(db, scope)
    total = sum(counts.values())
    if not total:
        st.info("No entity keeps books for what is chosen above. The accounting periods come from the ERP.")
        return
    st.markdown(_verdict(counts, scope))
    blocked = close.count(db, Scope(entity=scope.entity)).get("blocked", 0) - counts.get("blocked", 0)
    if scope.period and blocked:
        onward(
            f"{blocked} more in {'another period does' if blocked == 1 else 'other periods do'} not pass every gate:"
            " show all periods",
            link("./", period="all", entity=scope.entity),
        )
    page = page_of("close", total, scope)
    rows = close.status(db, scope, page.limit, page.offset)
    first = close.period_to_close(db)
    table(f"Entities and periods, {page.words}", STATUS_COLUMNS, [_status_row(row, first) for row in rows], key="close")
    gates = (
        Column("entity", "Legal entity", mid=True),
        Column("period", "Period", narrow=True),
        *(Column(name, title, below=True) for name, (title, _) in GATES.items()),
    )
    table("Every gate of the close", gates, [_gate_row(row, first) for row in rows], key="gates")


def _blocking(db: Snapshot, scope: Scope) -> None:
    """What the column counts, also what belongs to no period and stands on no page of a period's controls."""
    if not db.has("marts.exceptions", "marts.reconciliation_results", "config.instance_links"):
        return
    every, *owners = results.blocking_by_owner(db, scope) or [{}]
    if not every:
        return
    st.subheader("Open and blocking", anchor="blocking")
    counts = {ALL: int(every["n"])} | {row["owner_role"]: int(row["n"]) for row in owners if row["owner_role"]}
    total, problems = counts[ALL], int(every["problems"])
    st.markdown(f"{words.differences(total, problems)}.")
    owner = choose(
        PAGE, "owner", "Who acts", list(counts), segmented=True,
        words=lambda role: f"{words.owner(role) if role else 'Everybody'} ({counts[role]:,})",
    )  # fmt: skip
    total = counts[owner]
    page = page_of("blocking", total, (scope, owner))
    rows = results.blocking(db, scope, owner, page.limit, page.offset)
    shown = [result_row(row, _record(row), control=f"{row['code']} {row['title']}") for row in rows]
    of_none = "" if scope.entity else " One that names no entity holds the close of each, and counts in each above."
    caption = f"{page.words}. The largest difference first, per currency.{of_none}"
    table(caption, BLOCKING_COLUMNS, shown, key="blocking")
    name = "-".join(part for part in ("blocking", scope.period, scope.entity, owner) if part)
    download(db, "Download these differences (CSV)", name, total, results.download_blocking(scope, owner))
    st.html(TO_BLOCKING, unsafe_allow_javascript=True)


def _record(row: Row) -> str:
    return link("controls", control=row["code"], record=row["match_key"], instance=row["source_instance"])


def _to_blocking(row: Row, shown: str) -> str:
    """A period that the page opens with is not named: what takes it out of the address would take the place too."""
    period = "" if row["period"] == shown else row["period"]
    return link("./", entity=row["legal_entity_code"], period=period) + "#blocking"


def _verdict(counts: dict[str, int], scope: Scope) -> str:
    total, blocked, running = sum(counts.values()), counts.get("blocked", 0), counts.get("running", 0)
    if blocked:
        do = "does" if blocked == 1 else "do"
        what = f"{do} not pass every gate"
        what = f"{what} for {scope.period}" if scope.period else f"entity periods {what}"
        return f"**{blocked} of {total} {what}.**" + (f" {running} still running." if running else "")
    if running == total:
        return f"**Still running:** {scope.period or 'every period'} has not ended, figures may move."
    return f"**Nothing stands in the way** of closing {scope.period or 'what has ended'}."


def _where(row: Row) -> dict[str, Value]:
    state = words.PERIOD_STATE.get(row["period_state"], words.plain(row["period_state"]))
    return {
        "entity": Cell(row["legal_entity_code"], note=row["legal_entity_name"] or ""),
        "period": Cell(row["period"], note=state),
    }


def _status_row(row: Row, first: str) -> dict[str, Value]:
    currency = row["base_currency_code"]
    above = row["gate_unexplained"] == "failed"
    breaks = int(row["unexplained_breaks"] or 0)
    return {
        **_where(row),
        "readiness": words.readiness(row["readiness"], row["period_state"]),
        "gates": Cell(row["blocking_gates"] or "Nothing", note=row["note"] or ""),
        "unexplained": Cell(
            money.with_currency(row["unexplained_minor"], currency),
            note=f"{breaks:,} without a cause" if breaks else "",
            tone="bad" if above else "",
        ),
        "threshold": money.with_currency(row["unexplained_threshold_minor"], currency),
        "open": Cell(
            money.count(row["open_s1_exceptions"]),
            tone="bad" if row["open_s1_exceptions"] else "",
            href=_to_blocking(row, first) if row["open_s1_exceptions"] else "",
            label=f"Open and blocking: {row['open_s1_exceptions']}; show them",
        ),
        "known": day_and_time(row["known_at"]),
    }


def _gate_row(row: Row, first: str) -> dict[str, Value]:
    cells: dict[str, Any] = {}
    for gate, (_, code) in GATES.items():
        chip = words.gate(row[gate])
        period = "" if code == "R38" else row["period"]
        entity = "" if code == "R38" else row["legal_entity_code"]
        # the last gate is of no one control: what it counts stands below
        is_of_none = gate == "gate_open_s1"
        href = _to_blocking(row, first) if is_of_none else link("controls", control=code, entity=entity, period=period)
        cells[gate] = Cell(chip.text, tone=chip.tone, href=href if row[gate] != "passed" else "")
    return {**_where(row), **cells}


def _sources(db: Snapshot) -> None:
    st.subheader("Source freshness", anchor=False)
    rows = [_source_row(row) for row in close.sources(db)]
    table("Measured at the time above, not by this computer's clock", SOURCE_COLUMNS, rows, key="sources")
    onward("Every delivery, and how long records take from step to step", link("sources"))
    everything = switch(PAGE, "objects", "Show every object of every source", default=False)
    found = close.objects(db, everything)
    if found:
        caption = "Every object" if everything else "Objects that need a look"
        table(f"{caption}, the worst first", OBJECT_COLUMNS, [_object_row(row) for row in found], key="objects")
    else:
        st.success("Every object arrived complete, on time and in the agreed shape.", icon=":material/check:")


def _source_row(row: Row) -> dict[str, Value]:
    late = row["freshness_hours"] is not None and row["freshness_hours"] > row["freshness_limit_hours"]
    if row["failing"]:
        state = Cell(f"✕ {row['failing']} of {row['objects']} failing", tone="bad")
    elif row["not_testable"]:
        state = Cell(f"– {row['not_testable']} of {row['objects']} not tested", tone="muted")
    else:
        state = Cell("✓ Fit to reconcile", tone="good")
    return {
        "source": Cell(row["source_instance"], note=words.system(row["domain"])),
        "state": state,
        "age": Cell(
            _hours(row["freshness_hours"]), note=f"limit {row['freshness_limit_hours']} h", tone="bad" if late else ""
        ),
        "extracted": moment(row["oldest_extracted_at"]),
        "objects": money.count(row["objects"]),
        "accepted": money.count(row["accepted_rows"]),
        "quarantined": Cell(money.count(row["quarantined_rows"]), tone="bad" if row["quarantined_rows"] else ""),
    }


def _object_row(row: Row) -> dict[str, Value]:
    return {
        "object": Cell(words.plain(row["object"]), note=row["source_instance"]),
        "state": words.health(row["status"], row["is_optional"]),
        "age": Cell(_hours(row["freshness_hours"]), note=f"limit {row['freshness_limit_hours']} h"),
        "accepted": money.count(row["accepted_rows"]),
        "quarantined": money.count(row["quarantined_rows"]),
        "reason": row["reason"] or "",
    }


def _hours(hours: int | None) -> str:
    return "unknown" if hours is None else f"{int(hours):,} h"


show()
