"""The ERP's own masters: entities, periods, accounts, exchange rates."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sample_data.clock import at, business_day, month_end, month_start, next_period
from sample_data.config import ACCOUNTS, AS_OF, ENTITIES, FIRST_DAY, PERIODS, RATE_LEVEL, RUNNING
from sample_data.world.state import World


def _status(period: str) -> str:
    if period == RUNNING:
        return "open"
    return "soft_closed" if period == PERIODS[-2] else "hard_closed"


def closed_at(period: str) -> date | None:
    """Soft close on the 8th of the next month, hard close on the 15th."""
    if period == RUNNING:
        return None
    following = month_start(next_period(period))
    return business_day(following.replace(day=8 if period == PERIODS[-2] else 15))


def entities_and_periods(world: World) -> None:
    opened = at(FIRST_DAY, 7)
    for e in ENTITIES:
        world.add(
            "erp.legal_entities",
            legal_entity_code=e.code,
            name=e.name,
            base_currency=e.currency,
            country=e.country,
            timezone=e.timezone,
            parent_code=e.parent,
            updated_at=opened,
        )
        for period in PERIODS:
            closed = closed_at(period)
            when = at(closed, 12) if closed else None
            world.add(
                "erp.accounting_periods",
                legal_entity_code=e.code,
                period=period,
                start_date=month_start(period),
                end_date=month_end(period),
                status=_status(period),
                closed_at=when,
                updated_at=when or at(month_start(period), 7),
            )
    for number, name, kind, control in ACCOUNTS:
        world.add("erp.gl_accounts", account_number=number, name=name, type=kind, control=control, updated_at=opened)


def _levels(world: World) -> dict[date, dict[str, Decimal]]:
    """Units of each currency per US dollar: a slow walk on business days, held over weekends."""
    level = {c: Decimal(v) for c, v in RATE_LEVEL.items()}
    found, day = {}, FIRST_DAY
    while day <= AS_OF.date():
        if day.weekday() < 5:
            for currency in level:
                if currency not in ("USD", "BHD"):  # the dinar is pegged
                    step = Decimal(world.dice.between(-40, 40, "fx", currency, day)) / 10000
                    back = (Decimal(RATE_LEVEL[currency]) / level[currency] - 1) / 20
                    level[currency] = (level[currency] * (1 + step + back)).quantize(Decimal("0.000001"))
        found[day] = dict(level)
        day += timedelta(days=1)
    return found


def _rate(levels: dict[str, Decimal], base: str, quote: str) -> Decimal:
    return (levels[quote] / levels[base]).quantize(Decimal("0.0000000001"), ROUND_HALF_UP)


def exchange_rates(world: World) -> None:
    levels = _levels(world)
    pairs = [(b, q) for b in RATE_LEVEL for q in RATE_LEVEL if b != q]
    for day, level in levels.items():
        for base, quote in pairs:
            rate = _rate(level, base, quote)
            world.spot[base, quote, day] = rate
            world.add(
                "erp.fx_rates",
                base_currency=base,
                quote_currency=quote,
                rate_date=day,
                rate_type="spot",
                rate=rate,
                updated_at=at(day, 5),
            )
        for currency in RATE_LEVEL:
            world.spot[currency, currency, day] = Decimal(1)
    for period in PERIODS[:-1]:
        last = month_end(period)
        days = [d for d in levels if month_start(period) <= d <= last]
        for base, quote in pairs:
            mean = (sum((world.spot[base, quote, d] for d in days), Decimal(0)) / len(days)).quantize(
                Decimal("0.0000000001")
            )
            for kind, rate in (("average", mean), ("closing", world.spot[base, quote, last])):
                world.add(
                    "erp.fx_rates",
                    base_currency=base,
                    quote_currency=quote,
                    rate_date=last,
                    rate_type=kind,
                    rate=rate,
                    updated_at=at(last, 23),
                )


def build(world: World) -> None:
    entities_and_periods(world)
    exchange_rates(world)
