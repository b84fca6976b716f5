"""The open exceptions of a record: where its chain breaks, and why."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from dagster_project.lineage.records import Record

_OPEN = """
    select e.exception_key, e.code, e.source_instance, e.match_key, e.cause_code, e.delta_minor, e.currency_code,
        e.reason, e.left_ref, e.right_ref, e.root_reason
    from marts.exceptions as e
    order by e.code, e.source_instance, e.match_key
"""
_KEYED = {
    "R01": "subscription", "R02": "subscription", "R03": "usage_month", "R04": "usage_month", "R05": "subscription",
    "R06": "invoice_line", "R07": "subscription", "R09": "contract", "R11": "invoice_line", "R12": "invoice_line",
    "R13": "subscription", "R14": "invoice", "R15": "invoice", "R16": "credit_note", "R17": "invoice",
    "R21": "ar_document", "R22": "interface_message", "R23": "ar_document_line", "R24": "payment", "R25": "payout",
    "R26": "refund", "R27": "dispute", "R28": "invoice", "R29": "ar_document", "R30": "contract", "R34": "journal",
}  # fmt: skip
"""What the first part of a control's match key names; R03 and R04 name a month by all three."""
_OF_MONTH = ("R03", "R04")
_SINGULAR = {
    "journal_line": "journal",
    "opportunitie": "opportunity",
    "interface_log": "interface_message",
    "message": "interface_message",
}


@dataclass(frozen=True)
class Break:
    """One open exception, as its owner reads it."""

    key: str
    code: str
    match_key: str
    cause: str | None
    amount_minor: int | None
    currency: str | None
    reason: str
    root_reason: str | None


class OpenBreaks:
    """The open exceptions of a snapshot, found by the records that they name."""

    def __init__(self, con: duckdb.DuckDBPyConnection):
        self._linked = set(con.execute("select source_instance, linked_instance from config.instance_links").fetchall())
        self._by_id: dict[tuple[str, str], list[tuple[str, Break]]] = {}
        for row in con.execute(_OPEN).fetchall():
            key, code, source, match_key, cause, amount, currency, reason, left, right, root = row
            found = Break(key, code, match_key, cause, amount, currency, reason, root)
            for name in dict.fromkeys([*_keyed(code, match_key), *named(left), *named(right)]):
                self._by_id.setdefault(name, []).append((source, found))

    def of(self, record: Record) -> list[Break]:
        """Those that name the record, in the order of their controls."""
        named = self._by_id.get((record.kind, record.id), [])
        return [one for source, one in named if source == record.instance or (source, record.instance) in self._linked]


def _keyed(code: str, match_key: str) -> list[tuple[str, str]]:
    first, _, rest = match_key.partition("|")
    if code in ("R19", "R20"):
        singular = first.removesuffix("s")
        kind = _SINGULAR.get(singular, singular)
        return [(kind, rest.split("|")[0] if kind == "journal" else rest)]
    if code == "R16":  # a void is keyed by its invoice
        return [("credit_note", match_key), ("invoice", match_key)]
    if code == "R22":  # without a message the key is the record that was never sent
        return [(kind, match_key) for kind in ("interface_message", "invoice", "credit_note", "payment")]
    if code in _KEYED:
        return [(_KEYED[code], match_key if code in _OF_MONTH else first)]
    return []


def named(reference: str | None) -> list[tuple[str, str]]:
    """Kind and id of each record that a reference names: `invoice:A, B` names two invoices, `invoice:A; payment:B`
    records of two kinds. An id may hold a comma: the whole is among them too."""
    return [name for part in (reference or "").split("; ") for name in _of_one_kind(part)]


def _of_one_kind(reference: str) -> list[tuple[str, str]]:
    kind, _, ids = reference.partition(":")
    kind = _SINGULAR.get(kind, kind)
    return [(kind, one) for one in [ids, *ids.split(", ")] if one]
