"""Usage events, set by set in DuckDB: any number of them, without a row of Python per event.

Beside its landed columns each event carries what the metering pipeline makes of it: to which subscription
and month it is counted, and how often (0 = lost, 2 = twice). In the clean world that is the event itself, once."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from sample_data.clock import add_months, month_start
from sample_data.config import AS_OF, PERIODS
from sample_data.world.catalogue import KIND, METERS
from sample_data.world.state import Subscription, Terms, World

Cell = dict[str, Any]


def _target(world: World, sub: Subscription, terms: Terms, period: str, size: int) -> int:
    """The month's usual quantity in event units: by customer, growing 2 % a month, with noise."""
    age = PERIODS.index(period)
    scale = world.dice.between(30, 170, "scale", sub.number, terms.sku)
    noise = world.dice.between(80, 120, "noise", sub.number, terms.sku, period)
    return size * scale * noise * (100 + 2 * age) // 1_000_000


def cells(world: World) -> list[Cell]:
    """Every subscription, meter and month in which usage is in force; one even where there is none."""
    found: list[Cell] = []
    for sub in world.subscriptions:
        for terms in sub.contract:
            if KIND[terms.sku] != "usage":
                continue
            meter, aggregation, _, _, size, decimals = METERS[terms.sku]
            for period in PERIODS:
                start = month_start(period)
                if not terms.covers(start):
                    continue
                end = min(add_months(start, 1), AS_OF.date())
                weight = world.dice.between(50, 150, "weight", sub.number, terms.sku, period)
                silent = sub.profile == "zero" and period == "2026-04"
                found.append(
                    {
                        "subscription_id": sub.subscription_id,
                        "tenant_id": sub.customer.tenant_id,
                        "meter_code": meter,
                        "period": period,
                        "start": start,
                        "seconds": (end - start).days * 86400 - 7200,
                        "weight": 0 if silent else weight,
                        "aggregation": aggregation,
                        "decimals": decimals,
                        "target": _target(world, sub, terms, period, size),
                    }
                )
    return found


def _counts(found: list[Cell], total: int) -> None:
    """Largest remainders: the cells' counts sum to exactly the number of events asked for."""
    weight = sum(int(c["weight"]) for c in found)
    seen = given = 0
    for cell in found:
        seen += int(cell["weight"])
        upto = total * seen // weight
        cell["n"], given = upto - given, upto


def _test_cells(world: World, found: list[Cell]) -> list[Cell]:
    """Load tests of the product team against live subscriptions: test tenants' events, never billed."""
    picked = [
        c
        for c in found
        if c["aggregation"] == "sum"
        and world.dice.chance(1, "test", c["subscription_id"], c["meter_code"], c["period"])
    ]
    entity = {s.subscription_id: s.customer.entity for s in world.subscriptions}
    return [
        {**c, "tenant_id": f"TEST-{entity[str(c['subscription_id'])]}", "n": 3, "target": int(str(c["target"])) // 50}
        for c in picked
    ]


EVENTS = """
create or replace table events as
with drawn as (
    select c.*, i, md5_number(concat_ws('|', $seed, c.cell_id, i)) as h
    from cells c, unnest(range(c.n)) as u(i)
), parts as (
    select
        *,
        (h % 1000003)::bigint as a,
        ((h // 1000003) % 1000033)::bigint as b,
        ((h // 1000036000099) % 1000037)::bigint as d,
    from drawn
), sized as (
    select
        *,
        case aggregation
            when 'unique' then 1
            when 'max' then greatest(1, target * (300 + a % 701) // 1000)
            else greatest(1, target * (500 + a % 1001) // (1000 * greatest(n, 1)))
        end as whole,
        case when decimals > 0 then b % 1000 else 0 end as thousandths,
    from parts
)
select
    'EV-' || lpad(cell_id::varchar, 6, '0') || '-' || lpad(i::varchar, 5, '0') as event_id,
    tenant_id,
    subscription_id,
    meter_code,
    (whole + thousandths / 1000::decimal(18, 3))::decimal(18, 3) as quantity,
    start::timestamp + to_seconds((b * 7919 + d) % seconds) as occurred_at,
    occurred_at + to_seconds(2 + d % 90 + case when d % 97 = 0 then 7200 + d % 9000 else 0 end) as ingested_at,
    case when aggregation = 'unique' then '{"key": "k' || (a % greatest(target, 1))::varchar || '"}' end as properties,
    subscription_id as m_subscription_id,
    start as m_month,
    case when tenant_id like 'TEST-%' then 0 else 1 end::integer as m_times,
    quantity as m_quantity,
    false as is_copy,
from sized
"""
COLUMNS = {
    "cell_id": "integer",
    "subscription_id": "varchar",
    "tenant_id": "varchar",
    "meter_code": "varchar",
    "start": "date",
    "seconds": "bigint",
    "aggregation": "varchar",
    "decimals": "integer",
    "target": "bigint",
    "n": "bigint",
}


def build(world: World) -> None:
    found = cells(world)
    tests = _test_cells(world, found)
    _counts(found, world.events - 3 * len(tests))
    rows = pa.Table.from_pylist(
        [{k: number if k == "cell_id" else c[k] for k in COLUMNS} for number, c in enumerate(found + tests)]
    )
    typed = ", ".join(f"{name}::{kind} as {name}" for name, kind in COLUMNS.items())
    world.con.register("cell_rows", rows)
    world.con.execute(f"create or replace table cells as select {typed} from cell_rows")
    world.con.unregister("cell_rows")
    world.con.execute(EVENTS, {"seed": world.seed})
