"""One result with the records of its two sides next to each other, field by field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboards.components import words
from dashboards.components.facts import facts
from dashboards.components.frame import moment
from dashboards.components.listing import difference, due, is_quantity, side
from dashboards.components.record_list import text
from dashboards.components.table import Cell, Column, table
from dashboards.queries import results
from dashboards.snapshot import Row, Snapshot

_SAME = {
    "document_date": "issue_date",
    "external_id": "own_id",
    "received_date": "received_at",
    "billing_customer_id": "customer_id",
}
"""Fields that two systems name differently and that say the same."""

_HIDDEN = ("content_hash", "is_current", "base_debit_minor", "base_credit_minor")
_COMPARED = ("net_amount_minor", "tax_amount_minor", "total_amount_minor", "currency_code", "legal_entity_code", "number",
             "own_id", "amount_minor")  # fmt: skip


def pair(db: Snapshot, result: Row) -> None:
    """Shows the verdict, what to do, and both sides."""
    st.subheader(f"{result['title'] or result['code']}: {result['match_key']}", anchor=False)
    is_break = result["status"] == "break"
    facts(
        [
            ("Result", words.status(result["status"])),
            ("Difference", difference(result)),
            ("Why", Cell(result["reason"] or "", note=words.cause(result["cause_code"]))),
            ("Who acts", Cell(words.owner(result["owner_role"]), note=words.severity(result["severity"])) if is_break else ""),
            ("Due", due(result)),
            ("Next step", (result["next_step"] or "") if is_break else ""),
            ("First seen", moment(result["first_seen_at"]) if result["first_seen_at"] else ""),
            ("State", words.plain(result["state"]) if result["state"] else ""),
            ("Kind of failure", words.FAILURE_CLASS.get(result["failure_class"] or "", "")),
            ("Entity, customer, period",
             ", ".join(t for t in (result["legal_entity_code"], result["customer_id"], result["period"]) if t)),
        ]
    )  # fmt: skip
    left = results.records(db, result["left_ref"], result["source_instance"])
    right = results.records(db, result["right_ref"], result["source_instance"])
    _side_by_side(result, left, right)


def _side_by_side(result: Row, left: list[Row], right: list[Row]) -> None:
    unit = "" if is_quantity(result) else f" ({result['currency_code']})"
    sides = [("Left", result["left_ref"], left), ("Right", result["right_ref"], right)]
    columns = [Column("field", "Field")]
    records: list[tuple[str, Row]] = []
    for name, reference, rows in sides:
        for position, row in enumerate(rows or [{}]):
            key = f"{name}{position}"
            kind = words.record((reference or "").partition(":")[0]) if reference else "no record"
            columns.append(Column(key, f"{name}: {kind}" + (f" {position + 1}" if len(rows) > 1 else "")))
            records.append((key, _aligned(row)))
    columns.append(Column("mark", "Compared"))
    first: dict[str, Any] = {"field": f"Value compared{unit}", "mark": _mark(result)}
    first.update({key: side(result, "left" if key.startswith("Left") else "right") for key, _ in records})
    reference_row: dict[str, Any] = {"field": "Record"}
    reference_row.update(
        {
            key: ((result["left_ref"] if key.startswith("Left") else result["right_ref"]) or "no record").partition(
                ":"
            )[2]
            or "no record"
            for key, _ in records
        }
    )
    rows = [first, reference_row]
    for name in dict.fromkeys(field for _, record in records for field in record):
        values = [record.get(name) for _, record in records if record]
        rows.append(
            {
                "field": _label(name),
                **{key: _text(name, record) for key, record in records},
                "mark": _comparison(name, values, bool(left and right)),
            }
        )
    table("Both sides, field by field", columns, rows, key="pair")


def _aligned(row: Row) -> Row:
    """The record under the field names that both systems share; empty fields are left out."""
    own = {"invoice_id", "credit_note_id", "payment_id"} & set(row)
    named = {
        "own_id" if name in own and "external_id" not in row else _SAME.get(name, name): value
        for name, value in row.items()
    }
    return {name: value for name, value in named.items() if value is not None and name not in _HIDDEN}


def _comparison(name: str, values: Sequence[Any], both: bool) -> Cell | str:
    if name not in _COMPARED or not both or len(values) < 2:
        return ""
    return Cell("= same", tone="good") if len(set(values)) == 1 else Cell("≠ differs", tone="bad")


def _mark(result: Row) -> Cell:
    return words.status(result["status"])


def _label(name: str) -> str:
    return "Billing record" if name == "own_id" else words.field(name)


def _text(name: str, record: Row) -> str:
    shown = text(name, record)
    return (
        f"{record.get('currency_code')} {shown}" if name.endswith("_minor") and record.get(name) is not None else shown
    )
