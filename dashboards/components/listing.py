"""A list of results or records: pager, table, download; the same on every page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from dashboards.components import money, words
from dashboards.components.frame import day_and_time
from dashboards.components.table import Cell, Column, Value
from dashboards.export import to_csv
from dashboards.snapshot import DOWNLOAD_LIMIT, Row, Snapshot

RESULT_COLUMNS = (
    Column("status", "Result", narrow=True),
    Column("record", "Record", mid=True),
    Column("difference", "Difference", numeric=True, mid=True),
    Column("left", "Left side", numeric=True),
    Column("right", "Right side", numeric=True),
    Column("reason", "Why", widest=True, below=True),
    Column("owner", "Who acts", below=True),
    Column("due", "Due", narrow=True),
)


def result_columns(status: str) -> tuple[Column, ...]:
    """The columns of a list of results; of one status only, which is said above it, without that."""
    return tuple(column for column in RESULT_COLUMNS if not status or column.key != "status")


def link(path: str, **parameters: str | None) -> str:
    """A relative address of a page with the parameters that have a value."""
    query = urlencode({name: value for name, value in parameters.items() if value})
    return f"{path}?{query}" if query else path


def is_quantity(row: Row) -> bool:
    """True where the control compares quantities or counts: left and right are then no money, whatever the result costs
    in money; where money is compared, its difference is there."""
    return row["delta_quantity"] is not None or row["delta_minor"] is None or row["currency_code"] is None


def side(row: Row, name: str) -> Cell:
    """A side's value: quantity and what it counts, or amount in major units; a dash where that side has no record."""
    value = row[f"{name}_value"]
    if not is_quantity(row):
        return Cell(money.amount(value, row["currency_code"]))
    return Cell(money.quantity(value), note="" if value is None else words.counted(row["code"], value))


def _sides(row: Row, is_mixed: bool) -> dict[str, Value]:
    """Both sides of a result; where several controls share the columns, each under the name it has there."""
    values = {name: side(row, name) for name in ("left", "right")}
    if not is_mixed or (row["left_value"] is None and row["right_value"] is None):
        return dict(values)
    names = words.sides(row["code"], row["title"])
    return {key: [value, Cell("", note=name)] for (key, value), name in zip(values.items(), names, strict=True)}


def difference(row: Row) -> Cell:
    """What does not tie: money with its currency, and the quantity where that is what is compared."""
    found = row["delta_quantity"]
    quantity = f"{money.quantity(found)} {words.counted(row['code'], found)}" if found else ""
    if row["delta_minor"] is None or not row["currency_code"]:
        return Cell(quantity or money.NOTHING)
    negative = row["delta_minor"] < 0
    text = money.with_currency(row["delta_minor"], row["currency_code"])
    return Cell(text, note=quantity, tone="negative" if negative else "")


def due(row: Row) -> Cell:
    """By when a break has to be resolved; for what is only timing, from when it counts as a break."""
    if row["status"] == "break":
        return day_and_time(row["resolve_by"]) if row["resolve_by"] else Cell("Period end")
    return day_and_time(row["due_at"]) if row["due_at"] and row["status"] == "timing" else Cell("")


def result_row(row: Row, href: str, control: str = "", known_step: str = "") -> dict[str, Value]:
    """A result as a row of the table; the record links to both sides of the comparison.

    `control` is named where a list mixes several; the next step is left out where the page says it already.
    """
    is_break = row["status"] == "break"
    about = ", ".join(text for text in (row["legal_entity_code"], row["customer_id"], row["period"]) if text)
    name = words.title(row["code"], row["match_key"])
    record = Cell(name, note=about, href=href, label=f"Compare both sides of {name}")
    step = (row["next_step"] or "") if is_break and row["next_step"] != known_step else ""
    why = [Cell(words.sentence(row["reason"]), note=words.cause(row["cause_code"])), *same_problem(row)]
    return {
        "status": words.status(row["status"]),
        "record": [record, Cell(control)] if control else record,
        "difference": difference(row),
        **_sides(row, bool(control)),
        "reason": [*why, Cell(f"Next: {step}")] if step else why,
        "owner": words.owner(row["owner_role"]) if is_break else "",
        "due": due(row),
    }


def same_problem(row: Row) -> list[Cell]:
    """A link to the break that this one is a consequence of; none for a problem of its own."""
    if not row["root_code"]:
        return []
    key = row["root_match_key"]
    href = link("controls", control=row["root_code"], record=key, instance=row["root_instance"])
    name = words.title(row["root_code"], key)
    return [Cell(f"Same problem as {row['root_code']} {name}", href=href, label=f"Open {row['root_code']} {name}")]


def download(db: Snapshot, label: str, name: str, total: int, query: tuple[str, tuple[Any, ...]]) -> None:
    """A button that writes the CSV when it is pressed; says so when the file cannot hold everything."""
    make: Callable[[], bytes] = lambda: to_csv(db.stream(*query))  # noqa: E731
    st.download_button(
        label, make, file_name=f"{name}.csv", mime="text/csv", on_click="ignore", icon=":material/download:",
        key=f"download.{name}", disabled=total == 0,
    )  # fmt: skip
    if total > DOWNLOAD_LIMIT:
        st.caption(f"The file holds the first {DOWNLOAD_LIMIT:,} of {total:,} rows; narrow the filters for the others.")
