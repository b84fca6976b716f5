"""The bill run as a whole: a month skipped, an invoice too many, a fee after the end, a number lost."""

# mypy: disable-error-code="misc"
# A lambda that binds a loop variable by default cannot be inferred.
from __future__ import annotations

from datetime import date, timedelta

from sample_data.clock import add_months
from sample_data.defects.planting import case, immediate, invoice, later, subscription
from sample_data.world.bill_run import Run, add_line, bill_day, total
from sample_data.world.bill_run import invoice as issue
from sample_data.world.catalogue import KIND
from sample_data.world.rating import amounts
from sample_data.world.state import Row, Subscription, World


def skipped(world: World) -> None:
    """One run passes a subscription by: neither its fees nor its usage are billed, also not later."""
    plans = [("usage", date(2026, 6, 1)), ("monthly", date(2026, 5, 1))]
    for profile, month in plans:
        title = f"bill run skips a subscription ({profile})"
        sub = subscription(
            world,
            title,
            lambda s, p=profile, m=month: s.profile == p and not s.ended and s.start < m - timedelta(days=40),
        )
        before = add_months(month, -1)
        world.notes["skipped"].add((sub.number, bill_day(world, sub, month), "R"))
        skus = [t.sku for t in sub.contract if KIND[t.sku] == "usage" and t.covers(before)]
        key = f"{sub.subscription_id}|{month if profile == 'monthly' else before}"
        also = [f"R05:{sub.subscription_id}|{sku}|{before}" for sku in skus]
        case(
            world,
            title,
            "R13",
            key,
            "B03",
            when=add_months(month, 1 if profile == "monthly" else 0) + timedelta(days=5),
            also=also,
        )


def duplicated(world: World) -> None:
    """The same fees and usage once more under a new number; the customer does not pay it."""
    ordered = []
    for name, low, high in (("small", 0, 100_000), ("large", 300_000, 10**9)):
        title = f"duplicate invoice under a new number ({name})"
        source = invoice(world, title, lambda r, a=low, b=high: _copyable(r) and a < r["net_amount"] <= b)
        ordered.append((title, source))
    for title, source in ordered:
        day = source["issue_date"] + timedelta(days=1)
        again = issue(world, source["_sub"], day, "D", [])
        for number, line in enumerate(source["_lines"], 1):
            add_line(world, again, number, dict(line))
        total(again)
        world.notes["unpaid"][again["invoice_id"]] = True
        start = next(line["service_start"] for line in source["_lines"] if line["kind"] == "recurring")
        case(
            world,
            title,
            "R13",
            f"{source['_sub'].subscription_id}|{start}",
            "B11",
            when=again["finalized_at"],
            also=[f"R19:invoices|{again['invoice_id']}"],
        )


def _copyable(row: Row) -> bool:
    recurring = [line for line in row["_lines"] if line["kind"] == "recurring" and not line["is_proration"]]
    one_time = any(line["kind"] == "one_time" for line in row["_lines"])
    return (
        bool(recurring)
        and not one_time
        and immediate(row)
        and row["issue_date"] >= date(2026, 9, 1)
        and row["issue_date"].day < 6
    )


def after_end(world: World) -> None:
    """Another month's fee for a subscription that has ended."""
    for name, months in (("the month after", 0), ("two months after", 2)):
        title = f"billed after end ({name})"
        sub = subscription(world, title, lambda s, n=months: _ended(s, n))
        start = add_months(sub.term_end, months)
        terms = next(t for t in sub.items if t.sku.startswith("SEAT"))
        gross, net = amounts(world, terms, sub.currency, terms.quantity or 0, start)
        job = Run(world, sub)
        line = job.line(
            terms, "recurring", terms.quantity or 0, net, start, add_months(start, 1), gross, unit=job.unit(terms)
        )
        row = issue(world, sub, start + timedelta(days=6), "X", [line])
        case(
            world,
            title,
            "R12",
            row["_lines"][0]["line_id"],
            "B12",
            amount=-net,
            currency=sub.currency,
            when=row["finalized_at"],
        )


def _ended(sub: Subscription, months: int) -> bool:
    seats = [t for t in sub.contract if t.sku.startswith("SEAT") and not t.discount]
    return bool(sub.ended) and bool(seats) and add_months(sub.term_end, months) < date(2026, 9, 1)


def number_gap(world: World) -> None:
    """A draft was deleted after it had taken its number."""
    for entity, year, numbers in (("UK", 2026, (120,)), ("DE", 2026, (200, 201))):
        world.notes["missing_numbers"].update((entity, year, n) for n in numbers)
        keys = [f"{entity}|INV|{entity}-INV-{year}-{n:05d}" for n in numbers]

        def told(entity: str = entity, year: int = year, last: int = numbers[-1], keys: list[str] = keys) -> None:
            following = f"{entity}-INV-{year}-{last + 1:05d}"
            when = next(r["finalized_at"] for r in world.tables["billing.invoices"] if r["number"] == following)
            case(
                world,
                f"number gap ({len(keys)})",
                "R18",
                keys[0],
                "deleted draft",
                when=when,
                also=[f"R18:{k}" for k in keys[1:]],
            )

        later(world, "numbers", told)


def rounding(world: World) -> None:
    """The decoy of rounding at T1: a line one minor unit off what its terms give."""
    from sample_data.defects.rating import is_plain, misrated, usage_cells

    found = usage_cells(world, "rounding", lambda c: is_plain(c) and c[1].sku == "API-BATCH")
    misrated(world, "rounding at T1", "R06", "B10", found, small=True, shift=1)


HOOKS = [
    ("metering_landed", skipped),
    ("metering_landed", rounding),
    ("metering_landed", number_gap),
    ("billing", duplicated),
    ("billing", after_end),
]
