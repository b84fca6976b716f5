"""Other month-end journals: revaluation of foreign receivables, royalties within the group, rent."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from sample_data.accounting.journal import Entry, post, reverse
from sample_data.accounting.posting import rate_of
from sample_data.clock import at, month_end, month_start, next_period
from sample_data.config import (
    AR,
    CASH,
    ENTITIES,
    ENTITY,
    FX_UNREALISED,
    IC_EXPENSE,
    IC_INCOME,
    IC_PAYABLE,
    IC_RECEIVABLE,
    PERIODS,
    RENT,
    RUNNING,
)
from sample_data.money import convert
from sample_data.world.catalogue import ACCOUNT
from sample_data.world.state import World

ENDED = PERIODS[: PERIODS.index(RUNNING)]
ROYALTY_PERCENT = 8


def revaluation(world: World) -> None:
    """Foreign receivables at the closing rate: base amounts alone, taken back on the next day."""
    moves: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for row in world.tables["erp.journal_lines"]:
        if (
            row["account_number"] == AR
            and row["currency"] != ENTITY[row["legal_entity_code"]].currency
            and row["source"] != "revaluation"
        ):
            cell = moves[row["legal_entity_code"], row["currency"]][row["period"]]
            cell[0] += row["debit"] - row["credit"]
            cell[1] += row["base_debit"] - row["base_credit"]
    for (entity, currency), by_period in sorted(moves.items()):
        balance = base = 0
        for period in ENDED:
            balance, base = balance + by_period[period][0], base + by_period[period][1]
            last = month_end(period)
            gap = convert(balance, currency, ENTITY[entity].currency, rate_of(world, entity, currency, last)) - base
            if gap:
                rows = post(
                    world,
                    f"JV-{entity}-{currency}-{period}",
                    entity,
                    currency,
                    last,
                    "revaluation",
                    [Entry(AR, 0, gap), Entry(FX_UNREALISED, 0, -gap)],
                    created_at=at(last, 12) + timedelta(minutes=30),
                )
                reverse(world, rows, f"JV-{entity}-{currency}-{period}-r", month_start(next_period(period)))


def royalties(world: World) -> None:
    """Each subsidiary pays the parent, owner of the intellectual property, a share of its revenue."""
    revenue: dict[tuple[str, str], int] = defaultdict(int)
    for row in world.tables["erp.journal_lines"]:
        if row["account_number"] in set(ACCOUNT.values()):
            revenue[row["legal_entity_code"], row["period"]] += row["base_credit"] - row["base_debit"]
    for e in ENTITIES:
        for period in ENDED if e.parent else ():
            amount, last = revenue[e.code, period] * ROYALTY_PERCENT // 100, month_end(period)
            owed = convert(
                amount, e.currency, ENTITY[e.parent or ""].currency, rate_of(world, e.parent or "", e.currency, last)
            )
            if amount <= 0:
                continue
            when = at(last, 12) + timedelta(minutes=40)
            post(
                world,
                f"JI-{e.code}-{period}",
                e.code,
                e.currency,
                last,
                "intercompany",
                [Entry(IC_EXPENSE, amount, amount), Entry(IC_PAYABLE, -amount, -amount, counterparty=e.parent)],
                created_at=when,
            )
            drift = world.notes["one_sided"].get((e.code, period), 0)  # None: the parent never booked its side
            if drift is not None:
                post(
                    world,
                    f"JI-{e.parent}-{e.code}-{period}",
                    e.parent or "",
                    e.currency,
                    last,
                    "intercompany",
                    [
                        Entry(IC_RECEIVABLE, amount + drift, owed, counterparty=e.code),
                        Entry(IC_INCOME, -amount - drift, -owed),
                    ],
                    created_at=when,
                )


def rent(world: World) -> None:
    """Manual and approved, on accounts that no control restricts."""
    for e in ENTITIES:
        for period in ENDED:
            amount = 10 ** {"USD": 6, "JPY": 6}.get(e.currency, 5) * 2
            post(
                world,
                f"JM-{e.code}-{period}",
                e.code,
                e.currency,
                month_end(period),
                "manual",
                [Entry(RENT, amount, amount), Entry(CASH, -amount, -amount)],
                entered_by="a.lindqvist",
                approved_by="r.haddad",
            )


def build(world: World) -> None:
    rent(world)
    royalties(world)
    revaluation(world)
