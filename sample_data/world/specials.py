"""Customers made by hand, counted from the last one: situations that look wrong and are right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sample_data.clock import at
from sample_data.world.packages import Package
from sample_data.world.state import Customer, Subscription, World

Subscribe = Callable[[World, Customer, str, str, date], Subscription]
NAMES = {"twin", "nine", "leap", "leap_year", "zero", "flight"}
LEAP_DAY = date(2024, 2, 29)


def _plain(world: World, customer: Customer, terms_days: int = 30) -> None:
    customer.pays_by_card, customer.terms_days = False, terms_days


def _twins(world: World, customer: Customer, subscribe: Subscribe) -> None:
    """Two equal subscriptions: every month two invoices alike in all but number and subscription."""
    _plain(world, customer)
    for letter in "ab":
        Package(world, subscribe(world, customer, f"{customer.number:04d}{letter}", "twin", date(2025, 11, 1))).line(
            "SEAT-BASIC", 10
        )


def _nine(world: World, customer: Customer, subscribe: Subscribe) -> None:
    """Three subscriptions at 90 days: one payment settles the first nine invoices."""
    _plain(world, customer, 90)
    for letter, seats in zip("abc", (12, 25, 40), strict=True):
        Package(world, subscribe(world, customer, f"{customer.number:04d}{letter}", "nine", date(2025, 10, 1))).line(
            "SEAT-TEAM", seats
        )


def _leap(world: World, customer: Customer, subscribe: Subscribe) -> None:
    """Anchored on 29 February 2024 after a long free pilot; its fees begin in September 2025."""
    _plain(world, customer)
    customer.created_at = at(date(2024, 2, 1), 9)
    sub = subscribe(world, customer, f"{customer.number:04d}a", "leap", LEAP_DAY)
    package = Package(world, sub)
    package.line("SEAT-BASIC", 31, date(2025, 9, 15), effective_to=date(2026, 2, 10), closed_by=2)
    package.line("SEAT-BASIC", 62, date(2026, 2, 10), opened_by=2)


def _leap_year(world: World, customer: Customer, subscribe: Subscribe) -> None:
    """The same with yearly intervals: their anniversary is 28 February outside leap years."""
    _plain(world, customer)
    customer.created_at = at(date(2024, 2, 1), 9)
    sub = subscribe(world, customer, f"{customer.number:04d}a", "leap_year", LEAP_DAY)
    sub.interval = "year"
    Package(world, sub).line("SEAT-TEAM", 30, date(2025, 9, 1))


def _zero(world: World, customer: Customer, subscribe: Subscribe) -> None:
    """A usage commitment with one month of no usage at all: the minimum is the whole bill."""
    _plain(world, customer)
    package = Package(world, subscribe(world, customer, f"{customer.number:04d}a", "zero", date(2025, 12, 1)))
    package.line("API-GRAD", None, minimum=package.minor("300"))


def _in_flight(world: World, customer: Customer, subscribe: Subscribe) -> None:
    """Billed two hours before the run: still within the posting window."""
    _plain(world, customer)
    Package(world, subscribe(world, customer, f"{customer.number:04d}a", "flight", date(2026, 3, 11))).line(
        "SEAT-TEAM", 22
    )


PROFILES: dict[int, Callable[[World, Customer, Subscribe], None]] = {
    0: _twins,
    1: _nine,
    2: _leap,
    3: _leap_year,
    4: _zero,
    5: _in_flight,
}
