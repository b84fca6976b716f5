"""What each subscription buys: the lines of its package, drawn by key."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sample_data.clock import add_months
from sample_data.money import to_minor
from sample_data.world.catalogue import local_price, price_id
from sample_data.world.state import Subscription, Terms, World

SEATS = ["SEAT-BASIC", "SEAT-TEAM", "SEAT-PRO", "SEAT-ENT", "SEAT-VIEW"]
USAGE = [
    "API-STD",
    "API-GRAD",
    "API-VOL",
    "API-PKG",
    "API-BATCH",
    "API-USERS",
    "API-PEAK",
    "STO-STD",
    "STO-ARCH",
    "STO-EGR",
    "STO-BKT",
]
SEAT_COUNT = {
    "SEAT-BASIC": (5, 60),
    "SEAT-TEAM": (5, 80),
    "SEAT-PRO": (8, 90),
    "SEAT-ENT": (60, 320),
    "SEAT-VIEW": (15, 95),
}
INCLUDED = {"API-STD": 20000, "API-GRAD": 10000, "API-BATCH": 25, "STO-ARCH": 100, "API-PEAK": 50}


class Package:
    """Builds the contract lines of one subscription, numbered in order."""

    def __init__(self, world: World, sub: Subscription) -> None:
        self.world, self.sub, self.lines = world, sub, sub.contract

    def line(self, sku: str, quantity: int | None, start: date | None = None, **more: Any) -> Terms:
        start = start or self.sub.start
        terms = Terms(len(self.lines) + 1, sku, price_id(sku, self.sub.currency, start), quantity, start, **more)
        self.lines.append(terms)
        return terms

    def minor(self, usd: str) -> int:
        return to_minor(local_price(usd, self.sub.currency), self.sub.currency)

    def seats(self) -> Terms:
        dice, key = self.world.dice, self.sub.number
        sku = dice.pick(SEATS, "seat", key)
        terms = self.line(sku, dice.between(*SEAT_COUNT[sku], "seats", key))
        if dice.chance(25, "discount", key):
            terms.discount = Decimal(dice.pick((10, 15, 20), "percent", key))
            if dice.chance(60, "expiry", key):
                months = dice.between(3, 6, "until", key) if self.sub.interval == "month" else 12
                terms.discount_until = add_months(self.sub.start, months) - timedelta(days=1)
        return terms

    def extras(self) -> None:
        dice, key = self.world.dice, self.sub.number
        if dice.chance(40, "platform", key):
            self.line(dice.pick(("PLAT-STD", "PLAT-STD", "PLAT-ENT"), "plan", key), 1)
        if dice.chance(15, "support", key):
            self.line("SUP-GOLD", 1)
        if dice.chance(15, "security", key):
            self.line("SEC-ADDON", dice.between(5, 60, "secseats", key))
        if dice.chance(20, "onboarding", key):
            self.line(dice.pick(("ONB-STD", "ONB-STD", "ONB-ENT"), "onb", key), 1)

    def usage(self, count: int, start: date, committed: bool = False) -> None:
        dice, key = self.world.dice, self.sub.number
        first = dice.between(0, len(USAGE) - 1, "usage", key)
        for step in range(count):
            sku = USAGE[(first + 4 * step) % len(USAGE)]
            terms = self.line(sku, None, start)
            if sku in INCLUDED and dice.chance(50, "included", key, sku):
                terms.included = INCLUDED[sku]
            if (committed and step == 0) or dice.chance(12, "minimum", key, sku):
                terms.minimum = self.minor(dice.pick(("150", "250", "400"), "commit", key))
            if sku == "API-PKG" and dice.chance(40, "usagediscount", key):
                terms.discount = Decimal(10)

    def prepaid(self) -> None:
        """A grant bought at the start, a second one half a year on; the usage itself is priced at nothing."""
        self.line("API-PP", None)
        self.line("API-CREDIT", 3_000_000)
        later = add_months(self.sub.start, 6)
        if later <= date(2026, 9, 1):
            self.line("API-CREDIT", 2_000_000, later)
