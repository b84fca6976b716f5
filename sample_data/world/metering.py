"""The metering pipeline: what it handed to billing after each month's grace."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sample_data.clock import add_months, at, month_start, period_of
from sample_data.config import GRACE_DAYS, RUNNING
from sample_data.world.catalogue import METER_SKU, METERS
from sample_data.world.state import Row, World

# One row per subscription, meter and month. Valid = what the landing contract calls valid usage.
CELL = """
select subscription_id, meter_code, strftime(month, '%Y-%m') as period,
    count(*)::bigint as n, sum(quantity) as total, max(quantity) as peak,
    count(distinct json_extract_string(properties, '$.key')) as keys
from {source} group by all order by all
"""
VALID = CELL.format(
    source="""(
    select subscription_id, meter_code, date_trunc('month', occurred_at)::date as month, quantity, properties
    from events where tenant_id not like 'TEST-%' and not is_copy)"""
)
METERED = CELL.format(
    source="""(
    select m_subscription_id as subscription_id, meter_code, m_month as month, m_quantity as quantity, properties
    from events, unnest(range(m_times)) where m_times > 0)"""
)


def quantities(world: World, query: str) -> dict[tuple[str, str, str], tuple[Decimal, int]]:
    """Billed quantity and event count per (subscription, meter, month)."""
    found = {}
    for sub, meter, period, n, total, peak, keys in world.con.execute(query).fetchall():
        _, aggregation, _, multiplier, _, _ = METERS[METER_SKU[meter]]
        raw = {"sum": total, "max": peak, "unique": Decimal(keys)}[aggregation]
        found[sub, meter, period] = ((raw * Decimal(multiplier)).normalize(), n)
    return found


def computed_at(world: World, sub: str, meter: str, period: str) -> datetime:
    if early := world.notes["computed"].get((sub, meter, period)):
        return early
    after = add_months(month_start(period), 1) + timedelta(days=GRACE_DAYS)
    return at(after, 1) + timedelta(minutes=world.dice.between(0, 150, "computed", sub, meter, period))


def _records(world: World, key: tuple[str, str, str], quantity: Decimal, count: int) -> list[Row]:
    """Mostly one record; here and there a partial one and its correction, or an early peak and the final one."""
    sub, meter, period = key
    start, when = month_start(period), computed_at(world, *key)
    row: dict[str, Any] = {
        "subscription_id": sub,
        "meter_code": meter,
        "period_start": start,
        "period_end": add_months(start, 1),
    }
    name, aggregation = f"MR-{sub[4:]}-{meter}-{period}", METERS[METER_SKU[meter]][1]
    split = count > 3 and key not in world.notes["planted_cells"] and world.dice.chance(4, "split", *key)
    if split and aggregation == "sum":
        part = (quantity / 2).quantize(Decimal(1))
        return [
            {"meter_record_id": name, **row, "quantity": part, "event_count": count // 2, "computed_at": when},
            {
                "meter_record_id": name + "-c1",
                **row,
                "quantity": quantity - part,
                "event_count": count - count // 2,
                "computed_at": when + timedelta(minutes=45),
            },
        ]
    last = {"meter_record_id": name, **row, "quantity": quantity, "event_count": count, "computed_at": when}
    if split and aggregation == "max":
        early = {
            **last,
            "meter_record_id": name + "-e",
            "quantity": (quantity / 2).normalize(),
            "computed_at": when - timedelta(hours=30),
        }
        return [early, last]
    return [last]


def build(world: World) -> None:
    """`metered` by (subscription, meter, month), and its records. The running month is not yet metered."""
    found = quantities(world, METERED)
    cells = world.con.execute("select distinct subscription_id, meter_code, start from cells order by all").fetchall()
    for sub, meter, start in cells:
        key = (sub, meter, period_of(start))
        if key[2] == RUNNING:
            continue
        quantity, count = found.get(key, (Decimal(0), 0))
        if factor := world.notes["misread"].get(key):
            quantity = (quantity * factor).quantize(Decimal("0.000000001")).normalize()
        world.metered[key] = {
            "quantity": quantity,
            "event_count": count,
            "records": _records(world, key, quantity, count),
        }
    world.notes["valid"] = quantities(world, VALID)


def land_all(world: World) -> None:
    for cell in world.metered.values():
        world.tables["product.metered_usage"].extend(cell["records"])
