"""Journals: balanced in document and base currency, one line per account, debits and credits never negative."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sample_data.clock import at, period_of
from sample_data.config import COST_CENTER
from sample_data.world.state import Row, World


@dataclass
class Entry:
    account: str
    amount: int  # minor units of the document currency; debit positive
    base: int  # minor units of the entity's base currency
    document_id: str | None = None
    counterparty: str | None = None
    source_line: Row | None = None


def dimensions(account: str) -> str | None:
    center = COST_CENTER.get(account)
    return json.dumps({"cost_center": center}) if center else None


def merged(entries: Iterable[Entry]) -> list[Entry]:
    """One entry per account, document and counterparty, in order of first appearance."""
    found: dict[tuple[str, str | None, str | None], Entry] = {}
    for e in entries:
        key = (e.account, e.document_id, e.counterparty)
        if key in found:
            found[key].amount += e.amount
            found[key].base += e.base
        else:
            found[key] = Entry(*key[:1], e.amount, e.base, e.document_id, e.counterparty)
    return [e for e in found.values() if e.amount or e.base]


def post(
    world: World,
    journal_id: str,
    entity: str,
    currency: str,
    day: date,
    source: str,
    entries: Iterable[Entry],
    *,
    created_at: datetime | None = None,
    entered_by: str = "system",
    approved_by: str | None = None,
    reversal_of: str | None = None,
    period: str | None = None,
) -> list[Row]:
    rows = []
    for number, e in enumerate(merged(entries), 1):
        split = e.amount > 0 or (e.amount == 0 and e.base > 0)
        opposite = e.amount > 0 > e.base or e.amount < 0 < e.base
        if opposite:
            raise ValueError(f"{journal_id}: document and base amounts of {e.account} differ in sign")
        rows.append(
            world.add(
                "erp.journal_lines",
                journal_id=journal_id,
                line_number=number,
                legal_entity_code=entity,
                account_number=e.account,
                posting_date=day,
                period=period or period_of(day),
                currency=currency,
                debit=e.amount if split else 0,
                credit=0 if split else -e.amount,
                base_debit=e.base if split else 0,
                base_credit=0 if split else -e.base,
                source=source,
                document_id=e.document_id,
                dimensions=dimensions(e.account),
                counterparty_entity_code=e.counterparty,
                entered_by=entered_by,
                approved_by=approved_by,
                reversal_of=reversal_of,
                created_at=created_at or at(day, 12),
            )
        )
    return rows


def reverse(world: World, rows: list[Row], journal_id: str, day: date, created_at: datetime | None = None) -> None:
    """The same journal with its sides exchanged."""
    for row in rows:
        world.add(
            "erp.journal_lines",
            **{
                **row,
                "journal_id": journal_id,
                "posting_date": day,
                "period": period_of(day),
                "debit": row["credit"],
                "credit": row["debit"],
                "base_debit": row["base_credit"],
                "base_credit": row["base_debit"],
                "reversal_of": row["journal_id"],
                "created_at": created_at or at(day, 12),
            },
        )
