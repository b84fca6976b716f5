"""Usage that metering did not capture as it happened: lost, doubled, phantom, misattributed, misread, late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from sample_data.clock import add_months, at, period_of
from sample_data.defects.planting import case, free, later, take
from sample_data.world.catalogue import METER_SKU
from sample_data.world.rating import usage_value
from sample_data.world.state import Subscription, World

PLAIN = ("api.calls", "api.calls.graduated", "api.batch", "storage.archive")
OF_CELL = (
    "subscription_id = $sub and meter_code = $meter and date_trunc('month', occurred_at) = $start "
    "and tenant_id not like 'TEST-%'"
)


def term_of(sub: Subscription, meter: str, start: date):
    return next((t for t in sub.contract if t.sku == METER_SKU[meter] and t.covers(start)), None)


def cells(
    world: World, title: str, meters: tuple[str, ...] = PLAIN, events: int = 5
) -> list[tuple[Subscription, str, date]]:
    """Free cells of ended months with enough events and no minimum in force, so that every unit has its price."""
    subs = {s.subscription_id: s for s in world.subscriptions}
    rows = world.con.execute(
        "select subscription_id, meter_code, start from cells where n >= $n and tenant_id not like 'TEST-%' "
        "and start between date '2025-10-01' and date '2026-08-01' and list_contains($meters, meter_code) order by all",
        {"n": events, "meters": list(meters)},
    ).fetchall()
    found = []
    for subscription_id, meter, start in rows:
        sub = subs[subscription_id]
        terms = term_of(sub, meter, start)
        if terms and not terms.minimum and not terms.included and free(world, sub):
            found.append((sub, meter, start))
    return sorted(found, key=lambda c: world.dice.bits(title, c[0].number, c[1], c[2]))


def cell(world: World, title: str, events: int = 5, meters: tuple[str, ...] = PLAIN) -> tuple[Subscription, str, date]:
    """Takes one cell, with fewer events where none has so many."""
    found = next((c for least in range(events, 1, -1) if (c := cells(world, title, meters, least))), [])
    if not found:
        raise ValueError(f"too few usage events to plant {title!r}: ask for more events, or for a clean world")
    sub, meter, start = found[0]
    take(world, sub)
    world.notes["planted_cells"].add((sub.subscription_id, meter, period_of(start)))
    return sub, meter, start


def value(world: World, sub: Subscription, meter: str, start: date, quantity: Decimal) -> int:
    terms = term_of(sub, meter, start)
    return usage_value(world, terms, sub.currency, quantity, start) if terms else 0


def key_of(sub: Subscription, meter: str, start: date) -> str:
    return f"{sub.subscription_id}|{meter}|{start.isoformat()}"


def tell(
    world: World,
    title: str,
    code: str,
    cause: str,
    sub: Subscription,
    meter: str,
    start: date,
    when: date,
    also: tuple[str, ...] = (),
) -> None:
    """Once metering has run: the truth is the value of the valid less that of the metered quantity."""

    def told() -> None:
        key = (sub.subscription_id, meter, period_of(start))
        valid = world.notes["valid"].get(key, (Decimal(0), 0))[0]
        effect = value(world, sub, meter, start, valid) - value(
            world, sub, meter, start, world.metered[key]["quantity"]
        )
        case(
            world,
            title,
            code,
            key_of(sub, meter, start),
            cause,
            amount=effect,
            currency=sub.currency,
            when=when,
            also=also,
        )

    later(world, "metering", told)


def due(start: date) -> date:
    return add_months(start, 1) + timedelta(days=3)


def some(percent: int, least: int = 1) -> str:
    """The first events of a cell, by id, as a condition."""
    return (
        "event_id in (select event_id from events where subscription_id = $sub and meter_code = $meter and "
        "date_trunc('month', occurred_at) = $start and tenant_id not like 'TEST-%' and not is_copy "
        f"order by event_id limit (select greatest({least}, count(*) * {percent} // 100) from events where "
        "subscription_id = $sub and meter_code = $meter and date_trunc('month', occurred_at) = $start))"
    )


def update(world: World, sub: Subscription, meter: str, start: date, change: str, where: str) -> None:
    world.con.execute(
        f"update events set {change} where {where}", {"sub": sub.subscription_id, "meter": meter, "start": start}
    )


def dropped_hour(world: World) -> None:
    for percent in (20, 60):
        title = f"an hour of events dropped ({percent} % of the month's)"
        sub, meter, start = cell(world, title)
        hour = at(start, 14) + timedelta(days=11)
        moved = f"timestamp '{hour:%Y-%m-%d %H:%M:%S}' + to_seconds((hash(event_id) % 3500)::bigint)"
        update(
            world,
            sub,
            meter,
            start,
            f"m_times = 0, occurred_at = {moved}, ingested_at = {moved} + to_seconds(40)",
            some(percent),
        )
        tell(world, title, "R03", "A01", sub, meter, start, due(start))


def resent(world: World) -> None:
    """The same events again a day later, when the pipeline had forgotten their ids."""
    for percent in (20, 50):
        title = f"events re-sent after 24 h ({percent} %)"
        sub, meter, start = cell(world, title)
        copies = (
            "insert into events select * replace (ingested_at + interval 25 hour as ingested_at, true as is_copy) "
            f"from events where day(occurred_at) < 28 and {some(percent)}"
        )
        world.con.execute(copies, {"sub": sub.subscription_id, "meter": meter, "start": start})
        tell(world, title, "R03", "A04", sub, meter, start, due(start))


def retried(world: World) -> None:
    """The same id with a new time: a conflict, of which the later copies are set aside."""
    for count in (1, 4):
        title = f"retry with a new timestamp ({count} events)"
        sub, meter, start = cell(world, title, events=6)
        where = some(0, count)
        parameters = {"sub": sub.subscription_id, "meter": meter, "start": start}
        ids = [
            r[0]
            for r in world.con.execute(f"select event_id from events where {where} order by 1", parameters).fetchall()
        ]
        world.con.execute(
            "insert into events select * replace (occurred_at + interval 40 second as occurred_at, "
            f"ingested_at + interval 45 second as ingested_at, true as is_copy) from events where {where}",
            parameters,
        )
        tell(world, title, "R03", "A04", sub, meter, start, due(start), tuple(f"R19:usage_events|{i}" for i in ids))


def test_tenant(world: World) -> None:
    for count in (2, 9):
        title = f"test tenant billed ({count} events)"
        sub, meter, start = cell(world, title)
        world.con.execute(
            "insert into events select * exclude (k) "
            f"replace (event_id || '-t' || k as event_id, 'TEST-{sub.customer.entity}' as tenant_id) "
            f"from (select * from events where {some(0)}) as one, range({count}) as r(k)",
            {"sub": sub.subscription_id, "meter": meter, "start": start},
        )
        tell(world, title, "R03", "A05", sub, meter, start, due(start))


def sibling(world: World) -> None:
    """Counted to another subscription of the same meter, entity and currency, if possible in the same group."""
    for percent in (25, 60):
        title = f"events on the sibling tenant ({percent} %)"
        options = cells(world, title)
        pairs = [
            (not _related(a[0], b[0]), n, a, b)
            for n, a in enumerate(options)
            for b in options
            if a[1:] == b[1:]
            and a[0] is not b[0]
            and a[0].currency == b[0].currency
            and a[0].customer.entity == b[0].customer.entity
        ]
        _, _, (sub, meter, start), (other, _, _) = min(pairs, key=lambda p: (p[0], p[1], p[3][0].number))
        for taken in (sub, other):
            take(world, taken)
            world.notes["planted_cells"].add((taken.subscription_id, meter, period_of(start)))
        update(world, sub, meter, start, f"m_subscription_id = '{other.subscription_id}'", some(percent))
        echo = f"R03:{key_of(other, meter, start)}"
        tell(world, title, "R03", "A06", sub, meter, start, due(start), (echo,))


def _related(a: Subscription, b: Subscription) -> bool:
    family = {a.customer.number, a.customer.parent} - {None}
    return bool(family & {b.customer.number, b.customer.parent})


def local_month(world: World) -> None:
    """The last hours of a UTC month fall into the next month in Tokyo, and were counted there."""
    for percent in (20, 50):
        title = f"local-time month edge ({percent} %)"
        found = [c for c in cells(world, title) if c[2] < date(2026, 8, 1) and _next_too(world, c)]
        sub, meter, start = next((c for c in found if c[0].customer.entity == "JP"), found[0])
        take(world, sub)
        following = add_months(start, 1)
        for month in (start, following):
            world.notes["planted_cells"].add((sub.subscription_id, meter, period_of(month)))
        moved = f"timestamp '{following:%Y-%m-%d} 00:00:00' - to_seconds(600 + (hash(event_id) % 30000)::bigint)"
        change = f"occurred_at = {moved}, ingested_at = {moved} + to_seconds(30), m_month = date '{following}'"
        update(world, sub, meter, start, change, some(percent))
        tell(world, title, "R04", "A07", sub, meter, start, due(following), (f"R04:{key_of(sub, meter, following)}",))


def _next_too(world: World, c: tuple[Subscription, str, date]) -> bool:
    return term_of(c[0], c[1], add_months(c[2], 1)) is term_of(*c) is not None


def misread(world: World) -> None:
    for meters, size in ((("storage.archive",), "small"), (("storage.peak",), "large")):
        title = f"MB read as MiB ({size})"
        sub, meter, start = cell(world, title, meters=meters)
        world.notes["misread"][sub.subscription_id, meter, period_of(start)] = Decimal("1.048576")
        tell(world, title, "R03", "A08", sub, meter, start, due(start))


def late(world: World) -> None:
    plans = [
        ("late within grace", "A02", 15),
        ("late within grace", "A02", 45),
        ("late after close", "A03", 15),
        ("late after close", "A03", 45),
    ]
    for name, cause, percent in plans:
        title = f"{name} ({percent} %)"
        sub, meter, start = cell(world, title)
        key, following = (sub.subscription_id, meter, period_of(start)), add_months(start, 1)
        hours = 30 if cause == "A02" else 480
        if cause == "A02":
            world.notes["computed"][key] = at(following, 8)
        arrived = (
            f"timestamp '{following:%Y-%m-%d} 00:00:00' + to_seconds({hours * 3600} + (hash(event_id) % 3000)::bigint)"
        )
        edge = f"timestamp '{following:%Y-%m-%d} 00:00:00' - to_seconds(7200 + (hash(event_id) % 30000)::bigint)"
        update(world, sub, meter, start, f"m_times = 0, occurred_at = {edge}, ingested_at = {arrived}", some(percent))
        tell(
            world, title, "R04", cause, sub, meter, start, (at(following) + timedelta(hours=max(hours + 1, 72))).date()
        )


def lower_tier(world: World) -> None:
    """Late units push the month over a tier's edge: all of it was owed at a lower price, so too much was billed."""
    for edge, n in ((100_000, "small"), (200_000, "large")):
        title = f"late drop into a lower volume tier ({n})"
        sub, meter, start = cell(world, title, meters=("api.calls.volume",), events=4)
        following = add_months(start, 1)
        parameters = {"sub": sub.subscription_id, "meter": meter, "start": start}
        count = (
            world.con.execute(
                f"select count(*) from events where {OF_CELL}",
                parameters,
            ).fetchone()
            or (0,)
        )[0]
        each = (edge - 1000) // (count - 1)
        update(
            world,
            sub,
            meter,
            start,
            f"quantity = {each}, m_quantity = {each}",
            OF_CELL,
        )
        arrived = f"timestamp '{following:%Y-%m-%d} 09:00:00' + interval 20 day"
        update(
            world,
            sub,
            meter,
            start,
            f"m_times = 0, quantity = 3000, m_quantity = 3000, ingested_at = {arrived}",
            some(0),
        )
        tell(world, title, "R04", "A03", sub, meter, start, following + timedelta(days=20))


HOOKS: list[tuple[str, Callable[[World], None]]] = [
    ("usage", f) for f in (dropped_hour, resent, retried, test_tenant, sibling, local_month, misread, late, lower_tier)
]
