"""The bill run rates one line wrongly: quantity, price, scheme, minimum, proration, discount.

What follows, from posting to cash, is consistent with the wrong line."""

# mypy: disable-error-code="misc"
# A lambda that binds a loop variable by default cannot be inferred.
from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sample_data.clock import add_months, month_start
from sample_data.config import PERIODS
from sample_data.defects.planting import case, free, later, quiet, subscription, take
from sample_data.world.catalogue import METERS, REPRICED, SCHEME
from sample_data.world.contracts import amend
from sample_data.world.rating import amounts, usage_value
from sample_data.world.state import Row, Subscription, Terms, World

MONTHS = PERIODS[6:12]  # 2026-02 to 2026-07
Found = tuple[Subscription, Terms, date, Decimal]


def usage_cells(world: World, title: str, test: Callable[[Found], bool]) -> Found:
    """The first free usage cell that passes; its customer is then taken."""
    options = []
    for sub in world.subscriptions:
        if not free(world, sub):
            continue
        for terms in sub.contract:
            for period in MONTHS if terms.sku in METERS and terms.sku != "API-PP" else ():
                start = month_start(period)
                if terms.covers(start):
                    quantity = world.metered[sub.subscription_id, METERS[terms.sku][0], period]["quantity"]
                    options.append((sub, terms, start, quantity))
    options.sort(key=lambda c: world.dice.bits(title, c[0].number, c[1].key, c[2]))
    found = next(c for c in options if test(c))
    take(world, found[0])
    return found


def glitch(world: World, sub: Subscription, sku: str, start: date, **wrong: Any) -> None:
    world.notes["glitch"][sub.number, sku, start] = wrong


def line_of(world: World, sub: Subscription, sku: str, start: date, kind: str) -> Row:
    return next(
        r
        for r in world.tables["billing.invoice_lines"]
        if (r["subscription_id"], r["sku"], r["service_start"], r["kind"]) == (sub.subscription_id, sku, start, kind)
        and r["_invoice"]["status"] != "void"
    )


def misrated(world: World, title: str, code: str, cause: str, found: Found, small: bool = False, **wrong: Any) -> None:
    """Plants the glitch; the truth is the line re-rated at contract terms less the line as billed."""
    sub, terms, start, _ = found
    glitch(world, sub, terms.sku, start, **wrong)

    def told() -> None:
        line = line_of(world, sub, terms.sku, start, "usage")
        expected = amounts(world, terms, sub.currency, line["quantity"], start)[1]
        minimum = max(0, terms.minimum - expected) if "no_minimum" in wrong or "minimum_short" in wrong else 0
        delta = expected - line["amount"] + (wrong.get("minimum_short", minimum) if minimum else 0)
        if small:
            quiet(world, title, code, line["line_id"])
        else:
            case(
                world,
                title,
                code,
                line["line_id"],
                cause,
                amount=delta,
                currency=sub.currency,
                when=line["_invoice"]["finalized_at"],
            )

    later(world, "billing", told)


def is_plain(c: Found) -> bool:
    return not c[1].minimum and not c[1].discount and c[3] > c[1].included * 2


def wrong_quantity(world: World) -> None:
    for percent in (10, 60):
        title = f"wrong billed quantity (+{percent} %)"
        sub, terms, start, quantity = usage_cells(
            world, title, lambda c: is_plain(c) and SCHEME[c[1].sku] in ("per_unit", "graduated")
        )
        billed = (quantity * (100 + percent) / 100).quantize(Decimal("0.001")).normalize()
        glitch(world, sub, terms.sku, start, quantity=billed)
        effect = usage_value(world, terms, sub.currency, quantity, start) - usage_value(
            world, terms, sub.currency, billed, start
        )
        case(
            world,
            title,
            "R05",
            f"{sub.subscription_id}|{terms.sku}|{start}",
            "B04",
            amount=effect,
            currency=sub.currency,
            when=add_months(start, 1) + timedelta(days=5),
        )


def old_price_list(world: World) -> None:
    for sku in REPRICED:
        title = f"old price list ({sku})"
        found = usage_cells(world, title, lambda c, sku=sku: c[1].sku == sku and is_plain(c))
        misrated(world, title, "R06", "B05", found, price_id=found[1].price_id.removesuffix("-2026"))
    found = usage_cells(world, "old price list", lambda c: c[1].sku == "API-STD" and is_plain(c))
    misrated(world, "old price list", "R06", "B05", found, small=True, shift=1)


def wrong_scheme(world: World) -> None:
    def beyond(units: int) -> Callable[[Found], bool]:
        return lambda c: c[1].sku in ("API-VOL", "STO-EGR") and is_plain(c) and c[3] > units

    def egress(c: Found) -> bool:
        return c[1].sku == "STO-EGR" and is_plain(c) and c[3] > 1100

    for name, test in (
        ("storage", egress),
        ("API", lambda c: c[1].sku == "API-VOL" and is_plain(c) and c[3] > 100_000),
    ):
        title = f"volume charged as graduated ({name})"
        misrated(world, title, "R06", "B05", usage_cells(world, title, test), scheme="graduated")
    title = "volume charged as graduated"
    misrated(world, title, "R06", "B05", usage_cells(world, title, beyond(0)), small=True, shift=-1)


def minimum_omitted(world: World) -> None:
    def short(c: Found, least: int) -> bool:
        missing = c[1].minimum - amounts(world, c[1], c[0].currency, c[3], c[2])[1]
        return c[1].minimum > 0 and missing * 100 > c[1].minimum * least and missing < c[1].minimum

    for name, least in (("a part of it", 5), ("most of it", 50)):
        title = f"minimum omitted ({name})"
        misrated(world, title, "R06", "B06", usage_cells(world, title, lambda c, n=least: short(c, n)), no_minimum=True)
    title = "minimum omitted"
    misrated(world, title, "R06", "B06", usage_cells(world, title, lambda c: short(c, 5)), small=True, minimum_short=1)


def thirty_days(world: World) -> None:
    """An upgrade in a month of 31 days, prorated as if the month had 30: both lines are too large."""
    for name, day, change in (("late", 27, 2), ("early", 8, 4), ("tolerance", 12, 2)):
        title = f"30-day proration in a 31-day month ({name})"
        sub = subscription(world, title, lambda s: _upgradable(s))
        seats = next(t for t in sub.contract if t.sku.startswith("SEAT"))
        effective = date(2026, 5, day)
        amend(world, sub, {seats.key: {"quantity": (seats.quantity or 0) * change}}, effective)
        sub.items = [copy.copy(t) for t in sub.contract]
        wrong = {"shift": 1} if name == "tolerance" else {"days": 30}
        glitch(world, sub, seats.sku, effective, **wrong)
        later(world, "billing", lambda s=sub, sku=seats.sku, e=effective, t=title: _prorated(world, t, s, sku, e))


def _upgradable(sub: Subscription) -> bool:
    """Billed on the 1st, so that the rest of the interval ends within the month and nothing is deferred."""
    seats = [t for t in sub.contract if t.sku.startswith("SEAT") and not t.discount and SCHEME[t.sku] == "per_unit"]
    return (
        sub.profile == "monthly"
        and not sub.ended
        and len(sub.versions) == 1
        and bool(seats)
        and sub.start < date(2026, 4, 1)
    )


def _prorated(world: World, title: str, sub: Subscription, sku: str, effective: date) -> None:
    lines = [
        r
        for r in world.tables["billing.invoice_lines"]
        if r["subscription_id"] == sub.subscription_id and r["is_proration"] and r["service_start"] == effective
    ]
    old, new = sorted(lines, key=lambda r: r["amount"])
    if "tolerance" in title:
        quiet(world, "30-day proration in a 31-day month", "R06", new["line_id"])
        return
    from fractions import Fraction

    share = Fraction((add_months(effective.replace(day=1), 1) - effective).days, 31)
    expected = amounts(world, new["_terms"], sub.currency, new["quantity"], effective, share)[1]
    case(
        world,
        title,
        "R06",
        new["line_id"],
        "B07",
        amount=expected - new["amount"],
        currency=sub.currency,
        when=new["_invoice"]["finalized_at"],
        also=[f"R06:{old['line_id']}"],
    )


def expired_discount(world: World) -> None:
    """A discount that had ended is applied once more."""
    for percent in (10, 40):
        title = f"expired discount applied ({percent} %)"
        sub = subscription(world, title, lambda s: _discounted(s) is not None)
        terms = _discounted(sub)
        assert terms and terms.discount_until
        start = add_months(terms.discount_until.replace(day=1), 2)
        glitch(world, sub, terms.sku, start, discount=Decimal(percent), discount_until=None)
        later(world, "billing", lambda t=title, s=sub, k=terms, d=start: _discount_told(world, t, s, k, d))


def _discounted(sub: Subscription) -> Terms | None:
    """A monthly item from the 1st whose discount ended long enough ago."""
    if sub.profile != "monthly" or sub.ended:
        return None
    return next(
        (
            t
            for t in sub.contract
            if t.sku.startswith("SEAT") and t.discount_until and t.discount_until < date(2026, 6, 1)
        ),
        None,
    )


def _discount_told(world: World, title: str, sub: Subscription, terms: Terms, start: date) -> None:
    line = line_of(world, sub, terms.sku, start, "recurring")
    case(
        world,
        title,
        "R11",
        line["line_id"],
        "B08",
        when=line["_invoice"]["finalized_at"],
        also=[f"R06:{line['line_id']}"],
    )


HOOKS = [
    ("contracts", thirty_days),
    *(
        ("metering_landed", f)
        for f in (wrong_quantity, old_price_list, wrong_scheme, minimum_omitted, expired_discount)
    ),
]
