"""The generator's own rater. It shares no code with the pipeline, which has to find the same amounts by itself."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from fractions import Fraction

from sample_data.money import to_minor
from sample_data.world.catalogue import KIND
from sample_data.world.state import Terms, World


def rated(world: World, price_id: str, quantity: Decimal | int | Fraction, scheme: str | None = None) -> Fraction:
    """`quantity` at the price, in major units, unrounded and before any discount."""
    price, tiers, q = world.prices[price_id], world.tiers[price_id], Fraction(quantity)
    scheme = scheme or price["scheme"]
    if scheme == "flat":
        return Fraction(price["unit_amount"])
    if scheme == "per_unit":
        return q * Fraction(price["unit_amount"])
    if scheme == "package":
        return math.ceil(q / Fraction(price["package_size"])) * Fraction(price["unit_amount"])
    if scheme == "volume":
        if q == 0:
            return Fraction(0)
        tier = next(t for t in tiers if t["up_to"] is None or q <= Fraction(t["up_to"]))
        return q * Fraction(tier["unit_amount"]) + Fraction(tier["flat_amount"])
    total, floor = Fraction(0), Fraction(0)
    for tier in tiers:
        if q <= floor:
            break
        top = q if tier["up_to"] is None else min(q, Fraction(tier["up_to"]))
        total += (top - floor) * Fraction(tier["unit_amount"]) + Fraction(tier["flat_amount"])
        floor = top
    return total


def discount_of(terms: Terms, service_start: date) -> Fraction:
    live = terms.discount_until is None or terms.discount_until >= service_start
    return Fraction(terms.discount) / 100 if live else Fraction(0)


def amounts(
    world: World,
    terms: Terms,
    currency: str,
    quantity: Decimal | int,
    service_start: date,
    share: Fraction = Fraction(1),
    scheme: str | None = None,
) -> tuple[int, int]:
    """One line before and after its discount, each in minor units."""
    q = Fraction(quantity)
    if KIND[terms.sku] == "usage":
        q = max(Fraction(0), q - terms.included)
    gross = rated(world, terms.price_id, q, scheme) * share
    net = gross * (1 - discount_of(terms, service_start))
    return to_minor(gross, currency), to_minor(net, currency)


def usage_value(world: World, terms: Terms, currency: str, quantity: Decimal, service_start: date) -> int:
    """A usage cell at its terms in minor units, the minimum's top-up included."""
    return max(amounts(world, terms, currency, quantity, service_start)[1], terms.minimum)
