"""Subscriptions: one per customer, a second one for some; when they start, end and are amended."""

from __future__ import annotations

import copy
from datetime import date, datetime, timedelta

from sample_data.clock import add_months, at, intervals
from sample_data.config import AS_OF, GRACE_DAYS
from sample_data.world import specials
from sample_data.world.catalogue import NEW_LIST, REPRICED, price_id
from sample_data.world.packages import Package
from sample_data.world.state import Customer, Subscription, Version, World

LAST_START = date(2026, 8, 1)


def signed_before(day: date) -> datetime:
    """Ten days' notice between signature and effect."""
    return at(day - timedelta(days=10), 10)


def _start(world: World, number: str, first_of_month: bool) -> date:
    months = min(world.dice.between(0, 12, "start", number), world.dice.between(0, 12, "start2", number))
    day = 1 if first_of_month else world.dice.between(3, 28, "anchor", number)
    return min(add_months(date(2025, 8, 1), months), LAST_START).replace(day=day)


def _profile(world: World, number: str) -> str:
    draw = world.dice.between(0, 99, "profile", number)
    return next(
        p
        for p, upto in (("monthly", 45), ("anchored", 60), ("yearly", 80), ("usage", 97), ("prepaid", 100))
        if draw < upto
    )


def _fill(world: World, sub: Subscription) -> None:
    package, dice, key = Package(world, sub), world.dice, sub.number
    following = add_months(sub.start.replace(day=1), 1)
    if sub.profile != "usage":
        package.seats()
    if sub.profile in ("monthly", "anchored", "yearly"):
        package.extras()
    if sub.profile == "monthly":
        package.usage(dice.between(1, 2, "n", key), sub.start)
    elif sub.profile == "anchored" and dice.chance(40, "metered", key):
        package.usage(1, following)
    elif sub.profile == "yearly" and dice.chance(50, "metered", key):
        package.usage(1, sub.start if sub.start.day == 1 else following)
    elif sub.profile == "usage":
        package.usage(dice.between(1, 3, "n", key), sub.start, committed=True)
    elif sub.profile == "prepaid":
        package.prepaid()


def subscribe(world: World, customer: Customer, number: str, profile: str, start: date) -> Subscription:
    term = add_months(start, 36)
    sub = Subscription(number, customer, "year" if profile == "yearly" else "month", start, term, profile=profile)
    world.subscriptions.append(sub)
    return sub


def _life(world: World, sub: Subscription) -> None:
    """Some end, at the end of an interval, so that nothing already billed in advance is left over."""
    if sub.interval != "month" or sub.start.day != 1 or sub.profile == "prepaid":
        return
    end = add_months(sub.start, 6)
    if end <= date(2026, 9, 1) and world.dice.chance(14, "ends", sub.number):
        sub.term_end, sub.ended = end, world.dice.pick(("cancelled", "expired"), "how", sub.number)
        for terms in sub.contract:
            terms.effective_to = end


def amend(world: World, sub: Subscription, changes: dict[int, dict[str, object]], effective: date) -> None:
    """A new signed version: each changed line runs up to the change, a new one from it."""
    number = len(sub.versions) + 1
    sub.versions.append(Version(number, signed_before(effective), effective, f"BT-{sub.number}-{number}"))
    for terms in [t for t in sub.contract if t.key in changes]:
        new = copy.copy(terms)  # ends where the old line would have ended
        new.key, new.effective_from, new.opened_by = len(sub.contract) + 1, effective, number
        for name, value in changes[terms.key].items():
            setattr(new, name, value)
        terms.effective_to, terms.closed_by = effective, number
        sub.contract.append(new)


def _new_price_list(world: World, sub: Subscription) -> None:
    old = [
        t
        for t in sub.contract
        if t.sku in REPRICED and t.effective_from < NEW_LIST and (t.effective_to is None or t.effective_to > NEW_LIST)
    ]
    if old:
        amend(world, sub, {t.key: {"price_id": price_id(t.sku, sub.currency, NEW_LIST)} for t in old}, NEW_LIST)


def _upgrade(world: World, sub: Subscription) -> None:
    """More seats in mid-interval, billed at once with proration lines for the rest of the interval."""
    seats = next((t for t in sub.contract if t.sku.startswith("SEAT") and t.closed_by is None), None)
    if (
        seats is None
        or sub.ended
        or seats.discount
        or len(sub.versions) > 1
        or not world.dice.chance(22, "upgrade", sub.number)
    ):
        return
    begun = intervals(sub.start, sub.interval, None)
    begin, end = begun[len(begun) // 2]
    effective = begin + timedelta(days=(end - begin).days // 3 + world.dice.between(0, 4, "day", sub.number))
    if effective.day > 25 or effective < seats.effective_from + timedelta(days=20):
        effective = effective.replace(day=20)
    if not begin < effective < end or effective > (AS_OF - timedelta(days=20)).date():
        return
    if effective.day <= GRACE_DAYS + 3:  # not on the days of the bill run
        effective = effective.replace(day=9)
        if not begin < effective < end:
            return
    amend(world, sub, {seats.key: {"quantity": (seats.quantity or 0) * 3 // 2 + 40}}, effective)


def build(world: World) -> None:
    for customer in world.customers:
        for index in range(2 if world.dice.chance(15, "second", customer.number) else 1):
            number = f"{customer.number:04d}{'ab'[index]}"
            if special := specials.PROFILES.get(world.customer_count - customer.number):
                if index == 0:
                    special(world, customer, subscribe)
                continue
            profile = _profile(world, number)
            first = profile in ("monthly", "usage", "prepaid") or (
                profile == "yearly" and world.dice.chance(50, "first", number)
            )
            _fill(world, subscribe(world, customer, number, profile, _start(world, number, first)))
    for sub in world.subscriptions:
        sub.versions.insert(0, Version(1, signed_before(sub.start), sub.start, f"BT-{sub.number}-1"))
        if sub.profile not in specials.NAMES:
            _life(world, sub)
            _new_price_list(world, sub)
            _upgrade(world, sub)
        if sub.profile == "leap":
            day = sub.contract[1].effective_from
            sub.versions.append(Version(2, signed_before(day), day, f"BT-{sub.number}-2"))
        sub.items = [copy.copy(t) for t in sub.contract]
