"""The company's directory: configuration, one folder per object, truth and decoys."""

from __future__ import annotations

import csv
import shutil
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from sample_data.clock import month_start, next_period
from sample_data.config import AS_OF, COST_CENTER, EXTRACTED_AT, FIRST_DAY, PERIODS, REPORTING
from sample_data.output.files import manifest, write
from sample_data.output.schema import TABLES, Table
from sample_data.output.values import plain
from sample_data.world.state import Row, World

DOMAINS = ("product", "billing", "crm", "erp", "hub")
TRUTH = (
    "defect_id",
    "title",
    "code",
    "match_key",
    "source_instance",
    "cause",
    "amount_minor",
    "currency",
    "first_detectable_at",
    "also_expected",
)
DECOYS = ("decoy_id", "title", "code", "match_key")


def part_of(table: Table, row: Row) -> str:
    """The file of a row: by half-year of its split column."""
    if not table.split:
        return "all"
    value = row[table.split]
    day: date = value.date() if isinstance(value, datetime) else value
    day = min(max(day, FIRST_DAY), AS_OF.date())
    return f"{day.year}-h{1 if day.month < 7 else 2}"


def _object(world: World, root: Path, name: str, table: Table) -> None:
    parts: dict[str, list[Row]] = defaultdict(list)
    for row in world.tables[name]:
        parts[part_of(table, row)].append(row)
    order = [*table.key, *(["updated_at"] if "updated_at" in table.columns else [])]
    for part in sorted(parts) or ["all"]:
        rows = sorted(
            parts[part], key=lambda r: tuple(str(r[c]) if not isinstance(r[c], int) else f"{r[c]:012d}" for c in order)
        )
        write(root / name.replace(".", "/"), f"{name.split('.')[1]}_{part}", table, rows)


def _events(world: World, root: Path) -> None:
    folder = root / "product" / "usage_events"
    folder.mkdir(parents=True)
    for period in PERIODS:
        path = folder / f"usage_events_{period}.parquet"
        where = f"occurred_at >= '{month_start(period)}' and occurred_at < '{month_start(next_period(period))}'"
        if period == PERIODS[0]:
            where = f"occurred_at < '{month_start(next_period(period))}'"
        source = f"from events where {where} and ingested_at <= '{EXTRACTED_AT:%Y-%m-%d %H:%M:%S}'"
        world.con.execute(
            "copy (select event_id, tenant_id, subscription_id, meter_code, quantity, "
            f"occurred_at::timestamptz as occurred_at, ingested_at::timestamptz as ingested_at, properties "
            f"{source} order by event_id, ingested_at) "
            f"to '{path}' (format parquet, compression zstd)"
        )
        count, total = world.con.execute(f"select count(*), coalesce(sum(quantity), 0) {source}").fetchone() or (0, 0)
        manifest(path, count, {"quantity": plain(Decimal(total))})


def write_rows(path: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, columns, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def configuration(copies: int = 1) -> str:
    centers = ", ".join(f'"{account}": {center}' for account, center in COST_CENTER.items())
    lines = [
        "company: Aerolith",
        "home: .tieout",
        f"as_of: {AS_OF:%Y-%m-%dT%H:%M:%SZ}",
        f"reporting_currency: {REPORTING}",
        "authority_model: billing_led",
        f"dimensions: {{cost_center: {{{centers}}}}}",
        "sources:",
    ]
    for copy in range(copies):
        tail = "" if copy == 0 else str(copy + 1)
        linked = ", ".join(d + tail for d in DOMAINS)
        for d in DOMAINS:
            others = ", ".join(x for x in linked.split(", ") if x != d + tail)
            links = f", links: [{others}]" if copies > 1 else ""
            name = d + tail
            connector = f"{{type: files, path: data/{name}}}"
            lines.append(f"  - {{name: {name}, domain: {d}, vendor: generic, connector: {connector}{links}}}")
    return "\n".join(lines) + "\n"


def save(world: World, out: Path, fault: Callable[[Path], list[Row]] | None = None) -> None:
    """Writes everything anew; `fault` then spoils a delivery and returns the truth about it."""
    out.mkdir(parents=True, exist_ok=True)
    root = out / "data"
    if root.exists():
        shutil.rmtree(root)
    for name, table in TABLES.items():
        _object(world, root, name, table)
    _events(world, root)
    (out / "tieout.yml").write_text(configuration())
    write_rows(out / "truth.csv", TRUTH, fault(root) if fault else world.truth)
    write_rows(out / "decoys.csv", DECOYS, world.decoys)
