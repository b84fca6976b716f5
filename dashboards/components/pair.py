"""One result with the records of its two sides next to each other, field by field."""

from __future__ import annotations

from dashboards.components import words
from dashboards.components.facts import facts, heading
from dashboards.components.frame import moment
from dashboards.components.listing import difference, due, is_quantity, link, same_problem, side
from dashboards.components.record_list import text
from dashboards.components.table import Cell, Column, Value, table
from dashboards.components.unbilled import unbilled
from dashboards.queries import results
from dashboards.snapshot import Row, Snapshot

_SAME = {
    "document_date": "issue_date",
    "external_id": "own_id",
    "received_date": "received_at",
    "billing_customer_id": "customer_id",
}
"""Fields that two systems name differently and that say the same."""

_COMPARED = ("own_id", "legal_entity_code", "currency_code", "net_amount_minor", "tax_amount_minor",
             "total_amount_minor", "amount_minor", "quantity")  # fmt: skip
_HIDDEN = ("content_hash", "is_current", "base_debit_minor", "base_credit_minor", "external_object", "billing_instance",
           "erp_instance", "crm_instance", "sign", "correlation_id")  # fmt: skip


def pair(db: Snapshot, result: Row) -> None:
    """Shows the verdict, what to do, and both sides."""
    heading(f"{result['title'] or result['code']}: {words.title(result['code'], result['match_key'])}")
    is_break = result["status"] == "break"
    facts(
        [
            ("Result", words.status(result["status"])),
            ("Difference", difference(result)),
            ("Why", Cell(words.sentence(result["reason"]), note=words.cause(result["cause_code"]))),
            ("Goes back to", _root(result) if result["root_code"] else ""),
            ("Also shows as", _echoes(db, result) if is_break else ""),
            ("Who acts", _who(result) if is_break else ""),
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
    unbilled(db, result)


def _who(result: Row) -> Cell:
    return Cell(words.owner(result["owner_role"]), note=words.severity(result["severity"]))


def _root(result: Row) -> list[Cell]:
    return [Cell(words.sentence(result["root_reason"])), *same_problem(result)]


def _echoes(db: Snapshot, result: Row) -> list[Cell]:
    return [
        Cell(
            f"{row['code']} {words.title(row['code'], row['match_key'])}",
            href=link("controls", control=row["code"], record=row["match_key"], instance=row["source_instance"]),
        )
        for row in results.echoes(db, result["exception_key"])
    ]


def _side_by_side(result: Row, left: list[Row], right: list[Row]) -> None:
    columns = [Column("field", "Field")]
    shown: list[tuple[str, str, str, Row]] = []
    for name, reference, rows in (("left", result["left_ref"], left), ("right", result["right_ref"], right)):
        kind, _, keys = (reference or "").partition(":")
        for position, row in enumerate(rows or [{}]):
            key = f"{name}{position}"
            columns.append(Column(key, f"{name.capitalize()}: {words.record(kind) if kind else 'no record'}"))
            shown.append((key, name, keys or "no record", _aligned(row)))
    columns.append(Column("mark", "Compared"))
    unit = "Quantity compared" if is_quantity(result) else f"Amount compared ({result['currency_code']})"
    rows_shown: list[dict[str, Value]] = [
        {
            "field": unit,
            # once per side: several records of one side share the amount
            **{key: side(result, name) for key, name, _, _ in shown if key.endswith("0")},
            "mark": words.status(result["status"]),
        },
        {"field": "Record", **{key: keys for key, _, keys, _ in shown}},
    ]
    present = [record for *_, record in shown if record]
    for name in _in_order(present):
        cells = {key: _text(name, record) for key, _, _, record in shown}
        rows_shown.append({"field": _label(name), **cells, "mark": _comparison(name, left, right)})
    table(
        "Both sides, field by field: what is compared first, then the rest of each record",
        columns,
        rows_shown,
        key="pair",
    )


def _in_order(present: list[Row]) -> list[str]:
    """Compared fields first, then what several records have, then the rest."""
    names = dict.fromkeys(name for record in present for name in record)
    shared = {name for name in names if sum(name in record for record in present) > 1}
    return sorted(names, key=lambda name: (name not in _COMPARED or name not in shared, name not in shared))


def _aligned(row: Row) -> Row:
    """The record under the field names that both systems share; empty fields are left out."""
    own = {"invoice_id", "credit_note_id", "payment_id"} & set(row)
    named = {
        "own_id" if name in own and "external_id" not in row else _SAME.get(name, name): value
        for name, value in row.items()
    }
    return {name: value for name, value in named.items() if value is not None and name not in _HIDDEN}


def _comparison(name: str, left: list[Row], right: list[Row]) -> Cell | str:
    """Same or not, where one record stands against one; several share the amount, and none of them equals it."""
    if name not in _COMPARED or len(left) != 1 or len(right) != 1:
        return ""
    first, second = _aligned(left[0]).get(name), _aligned(right[0]).get(name)
    if first is None or second is None:
        return ""
    return Cell("= same", tone="good") if first == second else Cell("≠ differs", tone="bad")


def _label(name: str) -> str:
    return "Billing record" if name == "own_id" else words.field(name)


def _text(name: str, record: Row) -> str:
    shown = text(name, record)
    is_money = name.endswith("_minor") and record.get(name) is not None
    return f"{record.get('currency_code')} {shown}" if is_money else shown
