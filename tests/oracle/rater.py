"""A rater in Python decimals, written from the text of docs/landing.md ("Pricing semantics"); shares nothing with the SQL."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True)
class Tier:
    """One tier of a price: `up_to` inclusive, None when unbounded; amounts in major units."""

    up_to: Decimal | None
    unit_amount: Decimal
    flat_amount: Decimal = Decimal(0)


@dataclass(frozen=True)
class Terms:
    """The terms of one line; `decimals` are those of the currency."""

    scheme: str
    decimals: int
    unit_amount: Decimal | None = None
    package_size: Decimal | None = None
    tiers: tuple[Tier, ...] = ()
    included: Decimal = Decimal(0)
    discount_percent: Decimal = Decimal(0)


def rate(quantity: Decimal, terms: Terms, active_days: int = 1, interval_days: int = 1) -> int:
    """The line's amount in minor units, rounded once, half away from zero; ValueError when no tier covers the quantity."""
    units = max(Fraction(0), Fraction(quantity) - Fraction(terms.included))
    amount = _gross(units, terms)
    amount = amount * (100 - Fraction(terms.discount_percent)) / 100
    amount = amount * active_days / interval_days
    return _round_half_away(amount * 10**terms.decimals)


def top_up(quantity: Decimal, terms: Terms, minimum_minor: int) -> int:
    """The separate minimum line: the minimum less the rounded usage line, 0 when usage reaches it."""
    return max(0, minimum_minor - rate(quantity, terms))


def interval(start: date, day: date, months: int) -> tuple[date, date]:
    """The billing interval that holds `day`, counted from `start`; the end is exclusive."""
    number = 0
    while _plus_months(start, (number + 1) * months) <= day:
        number += 1
    return _plus_months(start, number * months), _plus_months(start, (number + 1) * months)


def _plus_months(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _gross(units: Fraction, terms: Terms) -> Fraction:
    if terms.scheme == "flat":
        return Fraction(terms.unit_amount)
    if terms.scheme == "per_unit":
        return units * Fraction(terms.unit_amount)
    if terms.scheme == "package":
        packages = -((-units) // Fraction(terms.package_size))
        return packages * Fraction(terms.unit_amount)
    if terms.scheme == "volume":
        for tier in terms.tiers:
            if tier.up_to is None or units <= Fraction(tier.up_to):
                return units * Fraction(tier.unit_amount) + Fraction(tier.flat_amount)
        raise ValueError("no tier holds the quantity")
    total, begins = Fraction(0), Fraction(0)
    for tier in terms.tiers:
        if units <= begins:
            return total
        ends = units if tier.up_to is None else min(units, Fraction(tier.up_to))
        total += (ends - begins) * Fraction(tier.unit_amount) + Fraction(tier.flat_amount)
        begins = ends
    if units > begins:
        raise ValueError("units beyond the last tier")
    return total


def _round_half_away(value: Fraction) -> int:
    whole, rest = divmod(abs(value), 1)
    rounded = int(whole) + (1 if rest >= Fraction(1, 2) else 0)
    return -rounded if value < 0 else rounded
