"""Journals that should not be, or should have been."""

# mypy: disable-error-code="misc"
# A lambda that binds a loop variable by default cannot be inferred.
from __future__ import annotations

from datetime import date

from sample_data.accounting.journal import Entry, post
from sample_data.clock import at, month_end, month_start, next_period
from sample_data.config import AR, DEFERRED, ENTITY, EXPONENT, FX_UNREALISED, RENT
from sample_data.defects.planting import case, later, quiet, subscription
from sample_data.world.masters import closed_at
from sample_data.world.state import Row, Subscription, World

LAST = "2026-09"  # the last ended period: nothing after it carries the difference on


def manual(world: World) -> None:
    """An adjustment booked straight on the control account, past the subledger."""
    for entity, period, units in (("US", "2026-03", 180), ("DE", "2026-06", 25_000)):
        currency = ENTITY[entity].currency
        amount, day = units * 10 ** EXPONENT[currency], month_end(period)
        name = f"JX-{entity}-{period}"
        post(
            world,
            name,
            entity,
            currency,
            day,
            "manual",
            [Entry(AR, amount, amount), Entry(RENT, -amount, -amount)],
            created_at=at(day, 15),
            entered_by="t.weiss",
        )
        case(
            world,
            f"manual journal on the control account ({entity})",
            "R33",
            f"{entity}|{AR}|{currency}|{period}",
            "C06",
            amount=-amount,
            currency=currency,
            when=at(day, 15),
            also=[f"R34:{name}"],
        )


def remeasured(world: World) -> None:
    """Deferred revenue in foreign currency is no monetary item, and was remeasured at the closing rate all the same."""
    for entity, units in (("DE", 900), ("US", 20_000), ("UK", 0)):
        currency = ENTITY[entity].currency
        amount = units * 10 ** EXPONENT[currency] or 50
        post(
            world,
            f"JV-DEF-{entity}",
            entity,
            currency,
            month_end(LAST),
            "revaluation",
            [Entry(FX_UNREALISED, amount, amount), Entry(DEFERRED, -amount, -amount)],
            created_at=at(month_end(LAST), 16),
        )
        key = f"{entity}|{currency}|{LAST}"
        if not units:
            quiet(world, "deferred revenue remeasured", "R31", key)
            continue
        case(
            world,
            f"deferred revenue remeasured ({entity})",
            "R31",
            key,
            "C06",
            amount=-amount,
            currency=currency,
            when=at(month_start(next_period(LAST))),
            also=[f"R32:{key}"],
        )


def one_sided(world: World) -> None:
    """The subsidiary booked its royalty, the parent did not."""
    for entity in ("DE", "BH"):
        world.notes["one_sided"][entity, LAST] = None
        later(world, "month_end", lambda e=entity: _one_sided_told(world, e))
    world.notes["one_sided"]["UK", LAST] = 3
    quiet(world, "one-sided intercompany", "R35", f"UK-US|GBP|{LAST}")


def _one_sided_told(world: World, entity: str) -> None:
    currency = ENTITY[entity].currency
    lines = [
        r
        for r in world.tables["erp.journal_lines"]
        if r["journal_id"] == f"JI-{entity}-{LAST}" and r["counterparty_entity_code"]
    ]
    amount = sum(r["credit"] - r["debit"] for r in lines)
    case(
        world,
        f"one-sided intercompany ({entity})",
        "R35",
        f"{entity}-US|{currency}|{LAST}",
        "one-sided",
        amount=-amount,
        currency=currency,
        when=at(month_start(next_period(LAST))),
    )


def accrual(world: World) -> None:
    """A month's usage was not accrued before it was billed."""
    for entity, currency in (("BH", "BHD"), ("JP", "JPY")):
        world.notes["accrual_skipped"][entity, currency, LAST] = True
        later(world, "accrual", lambda e=entity, c=currency: _accrual_told(world, e, c))
    world.notes["accrual_short"]["UK", "GBP", LAST] = 60
    quiet(world, "missing accrual", "R08", f"UK|GBP|{LAST}")


def _accrual_told(world: World, entity: str, currency: str) -> None:
    key = f"{entity}|{currency}|{LAST}"
    case(
        world,
        f"missing accrual ({entity})",
        "R08",
        key,
        "missing accrual",
        amount=world.notes["accrual_value"][entity, currency, LAST],
        currency=currency,
        when=closed_at(LAST) or date(2026, 10, 8),
    )


def schedule_not_rebuilt(world: World) -> None:
    """The upgrade was billed and deferred; its part of the revenue schedule was never made."""
    for interval in ("month", "year"):
        title = f"schedule not rebuilt after an upgrade ({interval}ly)"
        sub = subscription(world, title, lambda s, i=interval: _upgraded(world, s, i))
        later(world, "posting", lambda t=title, s=sub: _drop_schedule(world, t, s))


def _upgraded(world: World, sub: Subscription, interval: str) -> bool:
    """With a deferred proration in its second version's invoice."""
    deferred = sub.profile == "anchored" if interval == "month" else sub.interval == "year"
    rows = [r for r in world.tables["billing.invoices"] if r["_sub"] is sub and r["invoice_id"].endswith("A")]
    crosses = rows and any(
        line["service_end"] > month_start(next_period(f"{rows[0]['issue_date']:%Y-%m}")) for line in rows[0]["_lines"]
    )
    return deferred and len(sub.versions) == 2 and len(rows) == 1 and bool(crosses)


def _drop_schedule(world: World, title: str, sub: Subscription) -> None:
    row = next(r for r in world.tables["billing.invoices"] if r["_sub"] is sub and r["invoice_id"].endswith("A"))
    doc: Row = world.notes["document"][row["invoice_id"]]
    deferred = [p for p in doc["_lines"] if p["account_number"] == DEFERRED]
    for posted in deferred:
        posted["_unscheduled"] = True
    sku, version = deferred[0]["_source"]["sku"], sub.versions[1]
    closed = at(closed_at(doc["period"]) or date(2026, 10, 8), 12)
    also = [f"R10:{version.transaction_id}"] if sub.interval == "year" else []
    case(
        world,
        title,
        "R30",
        f"{sub.contract_id}|{sku}",
        "schedule not rebuilt",
        amount=-sum(p["amount"] for p in deferred),
        currency=sub.currency,
        when=closed,
        also=also,
    )


HOOKS = [
    ("credits", schedule_not_rebuilt),
    ("schedules", accrual),
    ("accrual", one_sided),
    ("month_end", manual),
    ("month_end", remeasured),
]
