"""Sources: how long records take from step to step, what was delivered and set aside, and what became of it."""

from __future__ import annotations

import streamlit as st

from dagster_project.words import counted
from dashboards.components import money, words
from dashboards.components.dead_letters import dead_letters
from dashboards.components.filters import ALL, choose
from dashboards.components.frame import begin, day_and_time, needs
from dashboards.components.paging import page_of
from dashboards.components.table import Cell, Column, Value, table
from dashboards.queries import sources
from dashboards.snapshot import Row, Snapshot

PAGE = "sources"
LAG_COLUMNS = (
    Column("step", "What is waited for", wide=True),
    Column("arrived", "Arrived", numeric=True),
    Column("half", "Half within", numeric=True, below=True),
    Column("most", "95 of 100 within", numeric=True, below=True),
    Column("longest", "Longest", numeric=True, below=True),
    Column("late", "Late", numeric=True, hint="Arrived after the time that the policy allows"),
    Column("overdue", "Overdue", numeric=True, hint="Not there, and its time has passed"),
    Column("owner", "Who acts", below=True),
)
OBJECT_COLUMNS = (
    Column("object", "Object"),
    Column("state", "State"),
    Column("received", "Rows received", numeric=True),
    Column("accepted", "Rows that count", numeric=True),
    Column("duplicate", "Repeated", numeric=True, below=True, hint="Delivered again with equal content"),
    Column(
        "quarantined", "Set aside", numeric=True, hint="Broke the contract, or in conflict with the row that counts"
    ),
    Column("refused", "Files refused", numeric=True),
    Column("extracted", "Age of the extract", numeric=True, below=True),
    Column("newest", "Newest record", narrow=True, below=True, hint="The newest time that a record itself states"),
    Column("owner", "Who acts", below=True),
)
BATCH_COLUMNS = (
    Column("file", "Delivery", wide=True),
    Column("state", "State"),
    Column("received_at", "Received", narrow=True, below=True),
    Column("extracted_at", "Extracted", narrow=True, below=True),
    Column("received", "Rows received", numeric=True),
    Column("accepted", "Rows that count", numeric=True),
    Column("duplicate", "Repeated", numeric=True, below=True),
    Column("quarantined", "Set aside", numeric=True),
)
NOT_READ_COLUMNS = (
    Column("words", "What was not read, and what was expected", widest=True),
    Column("source", "Source"),
)
BATCH_STATES = {
    "loaded": Cell("✓ Loaded", tone="good"),
    "refused": Cell("✕ Refused", tone="bad"),
    "replaced": Cell("✓ Refused, then mended", tone="muted"),
}


def show() -> None:
    """The page."""
    db = begin("Sources", "What the sources delivered, what became of it, and how long it takes from step to step.")
    if not needs(db, "marts.lags", "marts.source_health", "landed.batches"):
        return
    _lags(db)
    st.subheader("Deliveries", anchor=False)
    source = choose(PAGE, "source", "Source", [ALL, *sources.names(db)], words=lambda name: name or "All sources")
    if db.has("landed.not_read"):
        _not_read(db, source)
    _objects(db, source)
    _batches(db, source)
    if needs(db, "marts.dead_letters"):
        dead_letters(db, source)


def _lags(db: Snapshot) -> None:
    st.subheader("From step to step", anchor=False)
    months = sources.months(db)
    if not months:
        st.info("Nothing has happened yet that anything else has to follow.")
        return
    month = choose(PAGE, "month", "Month in which it began", months, sources.month_to_show(db))
    rows = sources.lags(db, month)
    overdue = sum(int(row["overdue_count"]) for row in rows)
    verdict = f"**{overdue:,} overdue of what began in {month}.**" if overdue else f"Nothing of {month} is overdue."
    st.markdown(verdict)
    table(
        f"Steps of what began in {month}, what is overdue first", LAG_COLUMNS, [_lag(row) for row in rows], key="lags"
    )


def _lag(row: Row) -> dict[str, Value]:
    overdue, waiting = int(row["overdue_count"]), int(row["waiting_count"])
    oldest = row["oldest_open_minutes"]
    return {
        "step": Cell(words.step(row["workflow"], row["step"]), note=row["source_instance"]),
        "arrived": Cell(money.count(row["arrived_count"]), note=f"{waiting:,} not due" if waiting else ""),
        "half": words.duration(row["p50_minutes"]),
        "most": words.duration(row["p95_minutes"]),
        "longest": words.duration(row["max_minutes"]),
        "late": Cell(money.count(row["late_count"]), tone="warn" if row["late_count"] else ""),
        "overdue": Cell(
            money.count(overdue),
            note=f"oldest {words.duration(oldest)}" if oldest is not None else "",
            tone="bad" if overdue else "",
        ),
        "owner": words.owner(row["owner_role"]),
    }


def _not_read(db: Snapshot, source: str) -> None:
    """A delivery under a wrong name is in no figure, and no control misses it."""
    found = sources.not_read(db, source)
    if not found:
        return
    st.warning(
        f"**{counted(len(found), 'finding')} among the landing files not read**: what is in them is in no figure here."
        " Put each where it is expected and run again; what is no delivery belongs elsewhere.",
        icon=":material/warning:",
    )
    rows: list[dict[str, Value]] = [
        {"words": Cell(row["words"]), "source": row["source_instance"] or money.NOTHING} for row in found
    ]
    table("Not read by the last run", NOT_READ_COLUMNS, rows, key="not_read")


def _objects(db: Snapshot, source: str) -> None:
    page = page_of("objects", sources.count_objects(db, source), source)
    rows = [_object(row) for row in sources.objects(db, source, page.limit, page.offset)]
    table(f"Objects over all their deliveries, {page.words}, the worst first", OBJECT_COLUMNS, rows, key="objects")


def _object(row: Row) -> dict[str, Value]:
    age, limit = row["freshness_hours"], row["freshness_limit_hours"]
    classes = [
        f"{int(row[f'{name}_rows']):,} {label.lower()}"
        for name, label in words.FAILURE_CLASS.items()
        if row[f"{name}_rows"]
    ]
    return {
        "object": Cell(words.plain(row["object"]), note=row["source_instance"]),
        "state": words.health(row["status"], row["is_optional"]),
        "received": money.count(row["run_received_rows"]),
        "accepted": money.count(row["accepted_rows"]),
        "duplicate": money.count(row["run_duplicate_rows"]),
        "quarantined": Cell(
            money.count(row["run_quarantined_rows"]),
            note=", ".join(classes),
            tone="bad" if row["quarantined_rows"] else "",
        ),
        "refused": Cell(money.count(row["run_refused_batches"]), tone="bad" if row["run_refused_batches"] else ""),
        "extracted": Cell(
            "unknown" if age is None else f"{int(age):,} h",
            note=f"limit {limit} h",
            tone="bad" if row["is_stale"] else "",
        ),
        "newest": day_and_time(row["newest_record_at"]),
        "owner": words.owner(row["owner_role"]),
    }


def _batches(db: Snapshot, source: str) -> None:
    total = sources.count_batches(db, source)
    if not total:
        st.info("Nothing was delivered.")
        return
    page = page_of("batches", total, source)
    rows = [_batch(row) for row in sources.batches(db, source, page.limit, page.offset)]
    table(f"Every delivery, {page.words}, refused ones first, then the newest", BATCH_COLUMNS, rows, key="batches")
    st.caption(
        "Set aside here: rows that break the contract, which are dead letters, and rows that repeat a key with other"
        " content, each a finding of R19."
    )


def _batch(row: Row) -> dict[str, Value]:
    state = BATCH_STATES.get(row["state"], Cell(words.plain(row["state"])))
    return {
        "file": Cell(
            row["file_name"], note=f"{row['source_instance']}, {words.plain(row['object'])}, {row['batch_id']}"
        ),
        "state": Cell(state.text, tone=state.tone, note=row["refusal_reason"] or ""),
        "received_at": day_and_time(row["received_at"]),
        "extracted_at": day_and_time(row["extracted_at"]),
        "received": money.count(row["received_rows"]),
        "accepted": money.count(row["accepted_rows"]),
        "duplicate": money.count(row["duplicate_rows"]),
        "quarantined": Cell(money.count(row["quarantined_rows"]), tone="bad" if row["quarantined_rows"] else ""),
    }


show()
