"""Exact money: integer minor units, fractions in between, one rounding half away from zero."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from sample_data.config import EXPONENT


def round_half_away(value: Fraction) -> int:
    """The nearest integer, halves away from zero."""
    whole = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return -whole if value < 0 else whole


def to_minor(major: Fraction | Decimal | str | int, currency: str) -> int:
    """Major units to minor units of `currency`, rounded once."""
    return round_half_away(Fraction(major) * 10 ** EXPONENT[currency])


def to_text(minor: int, currency: str) -> str:
    """Minor units as a decimal in major units with the currency's exponent."""
    places = EXPONENT[currency]
    if not places:
        return str(minor)
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def convert(minor: int, currency: str, base: str, rate: Decimal) -> int:
    """Minor units of `currency` in minor units of `base` at `rate` (base per unit of currency)."""
    return round_half_away(Fraction(minor) * Fraction(rate) * Fraction(10) ** (EXPONENT[base] - EXPONENT[currency]))


def spread(total: int, weights: list[int]) -> list[int]:
    """`total` over `weights`, by cumulative rounding: the parts always sum to it."""
    whole, seen, given, parts = sum(weights), 0, 0, []
    for weight in weights:
        seen += weight
        upto = round_half_away(Fraction(total * seen, whole))
        parts.append(upto - given)
        given = upto
    return parts
