"""Suggestions beside a control's results: what a person may look into, in no count, amount or gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboards.components import money, words
from dashboards.components.facts import heading
from dashboards.components.listing import link
from dashboards.components.table import Cell, Column, Value, table
from dashboards.queries import suggestions as queries
from dashboards.queries.scope import Scope
from dashboards.snapshot import Row, Snapshot

SHOWN = 50
_RECORDS = {"crm.accounts": "crm_account", "erp.customers": "erp_customer"}
_SCORES = ((9_900, "Almost certain"), (9_000, "Very likely"), (7_500, "Likely"), (0, "More likely than not"))
_LIKELY_COLUMNS = (
    Column("right", "Likely the same as", mid=True),
    Column("score", "How likely"),
    Column("why", "What agrees and what does not", wide=True, below=True),
    Column("entity", "Legal entity", narrow=True),
)
_COPY_COLUMNS = (
    Column("nameless", "Receipt that names no payment", mid=True),
    Column("named", "Equals receipt", mid=True),
    Column("amount", "Amount", numeric=True),
    Column("customer", "Customer"),
    Column("entity", "Legal entity", narrow=True),
)


@dataclass(frozen=True)
class About:
    """One kind of suggestion: key and caption of its table, what to do next, and what is said where there is none."""

    key: str
    caption: str
    next_step: str
    none: str


_CUSTOMERS = About(
    "likely",
    "Customers likely entered twice",
    "**Next:** open both customers. If they are one, merge them in billing and keep the older; if they are two, there"
    " is nothing to do.",
    "No further customer looks like another one.",
)
_LINKS = About(
    "likely",
    "CRM accounts and ERP customers that are likely one, with no customer in billing that links them",
    "**Next:** if they are one, enter the missing reference; if they are two, there is nothing to do.",
    "No further CRM account looks like an ERP customer.",
)
_COPIES = About(
    "copies",
    "Receipts that equal one that names a payment: the same customer, amount and days",
    "**Next:** look at the bank statement. If the money came once, reverse the receipt that names no payment; if it"
    " came twice, find the payment that it stands for.",
    "No receipt without a payment equals one that names a payment.",
)


def suggestions(db: Snapshot, code: str, scope: Scope) -> None:
    """Shows the suggestions that belong beside the control; nothing where it has none or they were not published."""
    if code not in ("R19", "R36") or not db.has("matching.linkage_suggestions", "matching.matches"):
        return
    if code == "R36":
        account = Column("left", "CRM account", mid=True)
        parts = [(_LINKS, (account, *_LIKELY_COLUMNS), queries.likely_one(db, scope, "crosswalk"), _likely)]
    else:
        customer = Column("left", "Customer", mid=True)
        parts = [
            (_CUSTOMERS, (customer, *_LIKELY_COLUMNS), queries.likely_one(db, scope, "duplicate"), _likely),
            (_COPIES, _COPY_COLUMNS, queries.receipt_copies(db, scope), _copy),
        ]
    heading("Worth a look: suggestions")
    if any(rows for _, _, rows, _ in parts):
        st.markdown(
            "These are no results: they count nowhere and block nothing. They are for all periods of the legal entity"
            " chosen above, and a person decides."
        )
    for about, columns, rows, shape in parts:
        _show(about, columns, rows, shape)


def _show(about: About, columns: tuple[Column, ...], rows: list[Row], shape: Callable[[Row], dict[str, Value]]) -> None:
    if not rows:
        st.markdown(about.none)
        return
    more = f"; the first {SHOWN} of {len(rows):,}" if len(rows) > SHOWN else ""
    table(about.caption + more, columns, [shape(row) for row in rows[:SHOWN]], key=about.key)
    st.markdown(about.next_step)


def _likely(row: Row) -> dict[str, Value]:
    points = int(row["probability_basis_points"])
    score = next(text for least, text in _SCORES if points >= least)
    agreement = [part[:1].upper() + part[1:] for part in (row["explanation"] or "").split("; ")]
    return {
        "left": _master(row, "left"),
        "right": _master(row, "right"),
        "score": Cell(score, note=f"{points // 100}.{points % 100:02} %"),
        "why": [Cell(part) for part in agreement],
        "entity": row["legal_entity_code"] or money.NOTHING,
    }


def _master(row: Row, side: str) -> Cell:
    """A master by its name, with its number; a billing customer leads to its variance."""
    kind, _, key = row[f"{side}_ref"].partition(":")
    note = f"{key}, {words.record(_RECORDS[kind])}" if kind in _RECORDS else key
    href = link("variance", customer=key) if kind == "billing.customers" else ""
    return Cell(row[f"{side}_name"] or key, note=note, href=href)


def _copy(row: Row) -> dict[str, Value]:
    named = f"payment {row['payments']}" if row["payments"] else ""
    return {
        "nameless": Cell(row["nameless"], note=_day(row["nameless_date"])),
        "named": Cell(row["named"], note=", ".join(part for part in (named, _day(row["named_date"])) if part)),
        "amount": money.with_currency(row["amount_minor"], row["currency_code"]),
        "customer": Cell(row["customer_id"] or money.NOTHING, href=link("variance", customer=row["customer_id"])),
        "entity": row["legal_entity_code"] or money.NOTHING,
    }


def _day(value: Any) -> str:
    return f"received {value}" if value else ""
