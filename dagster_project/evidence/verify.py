"""Verifies a pack from itself alone: every hash, every row count, every total recomputed from its own Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.errors import InputError
from dagster_project.evidence import manifest, totals


@dataclass(frozen=True)
class Verification:
    """What was checked, and every fault in words (none: the pack is what it says)."""

    files: int
    totals: int
    root_hash: str
    faults: tuple[str, ...]


def verify_pack(folder: Path) -> Verification:
    """Checks hashes and recomputes the totals of the pack in `folder`; raises InputError when it is not a pack."""
    try:
        document = manifest.read(folder)
        files = [manifest.PackedFile(**entry) for entry in document["files"]]
    except FileNotFoundError:
        raise InputError(f"{folder}: no {manifest.MANIFEST} in it; expected the folder of an evidence pack") from None
    except (ValueError, TypeError) as error:
        raise InputError(f"{folder / manifest.MANIFEST}: not a manifest of a pack: {error}") from None
    faults = list(_file_faults(folder, files, document))
    compared = 0
    if not faults:
        with duckdb.connect() as con:
            faults += _row_faults(con, folder, files)
            compared, wrong = _total_faults(con, folder)
            faults += wrong
    return Verification(len(files), compared, document["root_hash"], tuple(faults))


def _file_faults(folder: Path, files: list[manifest.PackedFile], document: dict[str, Any]) -> Iterator[str]:
    listed = {file.path for file in files}
    for file in files:
        path = folder / file.path
        if not path.is_file():
            yield f"{file.path}: is missing"
        elif (found := manifest.sha256_of(path)) != file.sha256:
            yield f"{file.path}: was changed; expected SHA-256 {file.sha256}, found {found}"
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != manifest.MANIFEST and name not in listed:
            yield f"{name}: is not in the manifest"
    if manifest.root_hash(files, document["facts"]) != document["root_hash"]:
        yield f"{manifest.MANIFEST}: the root hash does not follow from its own entries; the manifest was changed"


def _row_faults(con: duckdb.DuckDBPyConnection, folder: Path, files: list[manifest.PackedFile]) -> Iterator[str]:
    for file in files:
        if file.rows is None:
            continue
        path = str(folder / file.path)
        reader = "read_parquet(?)" if path.endswith(".parquet") else "read_csv(?, all_varchar=true, header=true, max_line_size=33554432)"
        counted = con.execute(f"select count(*) from {reader}", [path]).fetchone()
        if counted is None or counted[0] != file.rows:
            yield f"{file.path}: expected {file.rows} rows, found {counted and counted[0]}"


def _total_faults(con: duckdb.DuckDBPyConnection, folder: Path) -> tuple[int, list[str]]:
    """Recomputes the control totals from the populations and the bridge from its allocations; both ways."""
    population = f"read_parquet('{_glob(folder, 'populations/*/*.parquet')}')"
    allocation = f"read_parquet('{_glob(folder, 'bridge/bridge_allocation.parquet')}')"
    cells = f"read_parquet('{_glob(folder, 'bridge/bridge_cells.parquet')}')"
    compared, faults = 0, []
    for name, query in (
        ("totals/control_totals.parquet", totals.TOTALS.format(population=population)),
        ("totals/bridge_totals.parquet", totals.BRIDGE_LEGS.format(allocation=allocation)),
    ):
        stated = f"read_parquet('{_glob(folder, name)}')"
        compared += _count(con, f"select count(*) from {stated}")
        for row in con.execute(
            f"(select 'stated', * from ({stated} except all ({query}))) union all"
            f" (select 'recomputed', * from (({query}) except all {stated}))".replace(f"({stated} except", f"(from {stated} except").replace(f"except all {stated}", f"except all from {stated}")
        ).fetchall():
            faults.append(f"{name}: {row[0]} but not the other way round: {', '.join(str(value) for value in row[1:])}")
    breaks = _count(con, f"select count(*) from {population} where status = 'break'")
    exceptions = _count(con, f"select count(*) from read_parquet('{_glob(folder, 'exceptions.parquet')}')")
    if breaks != exceptions:
        faults.append(f"exceptions.parquet: {exceptions} rows, but the populations hold {breaks} breaks")
    faults += _bridge_faults(con, cells, allocation)
    return compared, faults


def _bridge_faults(con: duckdb.DuckDBPyConnection, cells: str, allocation: str) -> list[str]:
    """Each leg of each cell must equal the sum of its causes, and the legs E - S."""
    rows = con.execute(
        f"""
        with legs as (
            select legal_entity_code, customer_id, subscription_id, sku, service_period_start, currency_code,
                   unnest(['A', 'B', 'C', 'D']) as leg,
                   unnest([expected_minor - metered_minor, metered_minor - billed_minor,
                           billed_minor - posted_minor, posted_minor - settled_minor]) as leg_minor
            from {cells}
        ),
        allocated as (
            select legal_entity_code, customer_id, subscription_id, sku, service_period_start, currency_code,
                   leg, sum(amount_minor) as amount_minor
            from {allocation} group by all
        )
        select l.subscription_id, l.sku, l.service_period_start, l.currency_code, l.leg, l.leg_minor, a.amount_minor
        from legs as l
        full join allocated as a
            on l.legal_entity_code is not distinct from a.legal_entity_code
            and l.customer_id is not distinct from a.customer_id
            and l.subscription_id is not distinct from a.subscription_id
            and l.sku is not distinct from a.sku
            and l.service_period_start is not distinct from a.service_period_start
            and l.currency_code is not distinct from a.currency_code
            and l.leg = a.leg
        where l.leg_minor is distinct from a.amount_minor and not (coalesce(l.leg_minor, 0) = 0 and coalesce(a.amount_minor, 0) = 0)
        order by all limit 20
        """
    ).fetchall()
    return [
        f"bridge: cell {sub}|{sku}|{start}|{currency}, leg {leg}: the leg is {of_leg} minor units, its causes sum to {of_causes}"
        for sub, sku, start, currency, leg, of_leg, of_causes in rows
    ]


def _count(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0]) if row else 0


def _glob(folder: Path, pattern: str) -> str:
    return str(folder / pattern).replace("'", "''")
