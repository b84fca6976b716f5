"""SKUs, meters, the price book and the ERP's items: 24 SKUs, five schemes, three aggregations."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sample_data.clock import at
from sample_data.config import FIRST_DAY, PRICE_LEVEL
from sample_data.world.state import Row, World

NEW_LIST = date(2026, 1, 1)
REPRICED = {"API-STD": Decimal("0.0023"), "STO-STD": Decimal("0.11")}

# sku, name, kind, unit, revenue account, scheme, price in USD (unit amount, or tiers of (up to, unit, flat))
SKUS: list[tuple[str, str, str, str, str, str, object]] = [
    ("SEAT-BASIC", "Seats, Basic", "recurring", "seat", "4000", "per_unit", "20"),
    ("SEAT-TEAM", "Seats, Team", "recurring", "seat", "4000", "per_unit", "45"),
    (
        "SEAT-PRO",
        "Seats, Pro",
        "recurring",
        "seat",
        "4000",
        "graduated",
        [(10, "60", "0"), (50, "50", "0"), (None, "40", "0")],
    ),
    (
        "SEAT-ENT",
        "Seats, Enterprise",
        "recurring",
        "seat",
        "4000",
        "volume",
        [(100, "90", "0"), (500, "75", "0"), (None, "60", "0")],
    ),
    ("SEAT-VIEW", "Viewer seats, packs of ten", "recurring", "seat", "4000", "package", ("30", 10)),
    ("PLAT-STD", "Platform fee", "recurring", "plan", "4000", "flat", "500"),
    ("PLAT-ENT", "Platform fee, Enterprise", "recurring", "plan", "4000", "flat", "2500"),
    ("SUP-GOLD", "Gold support", "recurring", "plan", "4300", "flat", "300"),
    ("SEC-ADDON", "Security add-on", "recurring", "seat", "4000", "per_unit", "5"),
    ("API-STD", "API calls", "usage", "call", "4100", "per_unit", "0.002"),
    (
        "API-GRAD",
        "API calls, graduated",
        "usage",
        "call",
        "4100",
        "graduated",
        [(50000, "0.003", "0"), (200000, "0.0025", "20"), (None, "0.002", "50")],
    ),
    (
        "API-VOL",
        "API calls, volume",
        "usage",
        "call",
        "4100",
        "volume",
        [(100000, "0.01", "0"), (200000, "0.009", "0"), (None, "0.008", "0")],
    ),
    ("API-PKG", "API calls, packs of 10,000", "usage", "call", "4100", "package", ("25", 10000)),
    ("API-BATCH", "Batch calls, thousands", "usage", "kcall", "4100", "per_unit", "1.5"),
    (
        "API-USERS",
        "Active users",
        "usage",
        "user",
        "4100",
        "graduated",
        [(5, "12", "0"), (20, "10", "5"), (None, "8", "15")],
    ),
    ("API-PEAK", "Peak connections", "usage", "connection", "4100", "per_unit", "0.75"),
    ("API-PP", "API calls, prepaid", "usage", "call", "4100", "per_unit", "0"),
    ("STO-STD", "Storage, peak GB", "usage", "GB", "4200", "per_unit", "0.10"),
    ("STO-ARCH", "Archive written, GB", "usage", "GB", "4200", "graduated", [(1000, "0.05", "0"), (None, "0.04", "0")]),
    (
        "STO-EGR",
        "Egress, GB",
        "usage",
        "GB",
        "4200",
        "volume",
        [(1000, "0.12", "0"), (5000, "0.10", "0"), (None, "0.08", "0")],
    ),
    ("STO-BKT", "Buckets in use", "usage", "bucket", "4200", "package", ("40", 5)),
    ("ONB-STD", "Onboarding", "one_time", "project", "4300", "flat", "1500"),
    ("ONB-ENT", "Onboarding, Enterprise", "one_time", "project", "4300", "flat", "5000"),
    ("API-CREDIT", "Prepaid API calls, bought", "one_time", "call", "4100", "per_unit", "0.0015"),
]
KIND = {s[0]: s[2] for s in SKUS}
ACCOUNT = {s[0]: s[4] for s in SKUS}
SCHEME = {s[0]: s[5] for s in SKUS}

# sku -> meter, aggregation, event unit, multiplier, usual monthly quantity in event units, decimals of an event
METERS: dict[str, tuple[str, str, str, str, int, int]] = {
    "API-STD": ("api.calls", "sum", "call", "1", 180_000, 0),
    "API-GRAD": ("api.calls.graduated", "sum", "call", "1", 150_000, 0),
    "API-VOL": ("api.calls.volume", "sum", "call", "1", 140_000, 0),
    "API-PKG": ("api.calls.packs", "sum", "call", "1", 120_000, 0),
    "API-BATCH": ("api.batch", "sum", "call", "0.001", 400_000, 0),
    "API-USERS": ("api.users", "unique", "user", "1", 14, 0),
    "API-PEAK": ("api.peak", "max", "connection", "1", 400, 0),
    "API-PP": ("api.calls.prepaid", "sum", "call", "1", 90_000, 0),
    "STO-STD": ("storage.peak", "max", "MB", "0.001", 3_000_000, 3),
    "STO-ARCH": ("storage.archive", "sum", "MB", "0.001", 1_500_000, 3),
    "STO-EGR": ("storage.egress", "sum", "MB", "0.001", 1_800_000, 3),
    "STO-BKT": ("storage.buckets", "unique", "bucket", "1", 9, 0),
}
METER_SKU = {m[0]: sku for sku, m in METERS.items()}


def local_price(usd: str | Decimal, currency: str) -> Decimal:
    """The price book's amount in `currency`: whole and round for large prices, fine for small ones."""
    value = Decimal(usd) * Decimal(PRICE_LEVEL[currency])
    if Decimal(usd) >= 5:
        step = Decimal(100) if currency == "JPY" else Decimal(1)
        return max(step, (value / step).quantize(Decimal(1), ROUND_HALF_UP) * step)
    return value.normalize()


def price_id(sku: str, currency: str, day: date) -> str:
    """The price in the list of `day`."""
    return f"PR-{sku}-{currency}" + ("-2026" if sku in REPRICED and day >= NEW_LIST else "")


def _price(
    world: World, key: str, sku: str, scheme: str, currency: str, spec: Any, start: date, end: date | None
) -> None:
    row: Row = {
        "price_id": key,
        "sku": sku,
        "currency": currency,
        "scheme": scheme,
        "unit_amount": None,
        "package_size": None,
        "effective_from": start,
        "effective_to": end,
        "updated_at": at(start, 8),
    }
    tiers: list[Row] = []
    if scheme == "package":
        amount, size = spec
        row["unit_amount"], row["package_size"] = local_price(amount, currency), Decimal(size)
    elif isinstance(spec, list):
        tiers = [
            {
                "price_id": key,
                "tier_number": n,
                "up_to": None if top is None else Decimal(top),
                "unit_amount": local_price(unit, currency),
                "flat_amount": local_price(flat, currency) if flat != "0" else Decimal(0),
                "updated_at": at(start, 8),
            }
            for n, (top, unit, flat) in enumerate(spec, 1)
        ]
    else:
        row["unit_amount"] = local_price(spec, currency)
    world.prices[key], world.tiers[key] = row, tiers
    world.tables["billing.prices"].append(row)
    world.tables["billing.price_tiers"].extend(tiers)


def build(world: World) -> None:
    opened = at(FIRST_DAY, 8)
    for sku, name, kind, unit, account, scheme, spec in SKUS:
        world.add("billing.skus", sku=sku, name=name, kind=kind, unit=unit, updated_at=opened)
        world.add(
            "erp.items",
            item_code=f"ITEM-{sku}",
            effective_from=FIRST_DAY,
            sku=sku,
            revenue_account=account,
            effective_to=None,
            updated_at=opened,
        )
        for currency in PRICE_LEVEL:
            until = NEW_LIST if sku in REPRICED else None
            _price(world, price_id(sku, currency, FIRST_DAY), sku, scheme, currency, spec, FIRST_DAY, until)
            if until:
                _price(world, price_id(sku, currency, until), sku, scheme, currency, REPRICED[sku], until, None)
    for sku, (meter, aggregation, unit, multiplier, _, _) in METERS.items():
        world.add(
            "product.meters",
            meter_code=meter,
            effective_from=FIRST_DAY,
            sku=sku,
            aggregation=aggregation,
            unit=unit,
            unit_multiplier=Decimal(multiplier),
            effective_to=None,
            updated_at=opened,
        )
