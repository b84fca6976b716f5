"""The close as a user runs it, over one world: whole, with nothing new, with one per cent new, with one late event, later."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from sample_data.config import PERIODS
from tests.benchmarks import world
from tests.benchmarks.measured import TIEOUT, Measured, Result, measure, module

CLEAN, BREAKS = 0, 1
LATE_PERIOD = PERIODS[3]  # closed for good long ago
_STAGE = re.compile(r"^(.+) \((\d+\.\d) s\)$", re.MULTILINE)
_CLOCK = re.compile(r"^as_of: (\S+)$", re.MULTILINE)
_TABLES = ("usage_day", "usage_unique")
_SLOWEST = 8


def cases(folder: Path, wanted: set[str]) -> Iterator[Result]:
    """The cases asked for, in the order in which each finds the home as the one before left it; `whole` is first."""
    shutil.rmtree(folder / ".tieout", ignore_errors=True)
    floor, events = tied(folder)
    whole = close(folder, "whole", "a close of everything, from nothing", events, floor)
    if "whole" in wanted:
        yield whole
    if "rerun" in wanted:
        yield close(folder, "rerun", "the same close again, with nothing new", events, floor)
    if "evidence" in wanted:
        yield evidence(folder, events)
    if "increment" in wanted:
        new = add_increment(folder, max(1, events // 100))
        yield close(folder, "increment", "one per cent of new events in the running month", new, floor)
    if "late" in wanted:
        add_late(folder)
        yield close(folder, "late", f"one event of {LATE_PERIOD} that came after the month was closed", 1, floor)
    if "later" in wanted:
        put_clock_on(folder)
        yield close(folder, "later", "an hour later, with nothing new", events, floor)


def tied(folder: Path) -> tuple[Measured, int]:
    """The floor over the same files, and the number of distinct events."""
    measured, out, _ = measure(module("floor", folder / "data"))
    return measured, json.loads(out)["events"]


def close(folder: Path, case: str, question: str, rows: int, floor: Measured | None) -> Result:
    """`tieout run` on the folder. Details: seconds per stage, the slowest models, what was computed again."""
    before, began = fingerprints(folder), datetime.now(UTC).replace(tzinfo=None)
    measured, out, err = measure([*TIEOUT, "run", "--config", str(folder / "tieout.yml")], (CLEAN, BREAKS))
    details: dict[str, Any] = {
        "stages": {stage: float(seconds) for stage, seconds in _STAGE.findall(err)},
        "slowest": slowest(folder),
        "nodes": computed_nodes(folder, began),
        "partitions": computed_partitions(before, fingerprints(folder)),
        "found": next(line for line in reversed(out.splitlines()) if "open break" in line),
    }
    return Result(case, question, rows, measured, floor, details)


def evidence(folder: Path, rows: int) -> Result:
    """The auditor's pack of the last period; its floor writes the same results as one Parquet file."""
    floor, _, _ = measure(module("floors", "evidence", folder))
    measured, out, _ = measure([*TIEOUT, "evidence", "--config", str(folder / "tieout.yml")])
    size = sum(file.stat().st_size for file in Path(out.splitlines()[0]).rglob("*") if file.is_file())
    return Result("evidence", "the evidence pack of a period", rows, measured, floor, {"pack_bytes": size})


def add_increment(folder: Path, rows: int) -> int:
    """A delivery of the running month with so many events of its own; gives how many it could make."""
    source = world.newest_events(folder)
    with world.engine(folder) as con:
        target = source.with_name(source.name.replace(".parquet", "-more.parquet"))
        con.execute(
            f"copy (select * replace ('more-' || event_id as event_id) from '{source}' limit {rows}) to '{target}'"
            " (format parquet, compression zstd)"
        )
        world.describe(con, target)
        (made,) = con.execute(f"select count(distinct event_id) from '{target}'").fetchone() or (0,)
    return int(made)


def add_late(folder: Path) -> None:
    """A delivery of one event that occurred in a closed month and was ingested when everything was extracted."""
    source = world.newest_events(folder).with_name(f"usage_events_{LATE_PERIOD}.parquet")
    with world.engine(folder) as con:
        target = source.with_name(source.name.replace(".parquet", "-late.parquet"))
        con.execute(
            "copy (select * replace ('late-' || event_id as event_id,"
            f" timestamptz '{world.EXTRACTED_AT.isoformat()}' as ingested_at) from '{source}'"
            f" order by event_id limit 1) to '{target}' (format parquet)"
        )
        world.describe(con, target)


def put_clock_on(folder: Path) -> None:
    """The company's clock an hour on, as another run of the same day finds it."""
    settings = folder / "tieout.yml"
    text = settings.read_text(encoding="utf-8")
    (written,) = _CLOCK.findall(text)
    moved = (datetime.fromisoformat(written) + timedelta(hours=1)).isoformat()
    settings.write_text(text.replace(written, moved), encoding="utf-8")


def fingerprints(folder: Path) -> dict[str, dict[str, str]]:
    """Per table that is computed by partition: the partitions and what they followed from; empty before a close."""
    warehouse = folder / ".tieout" / "warehouse" / "tieout.duckdb"
    if not warehouse.exists():
        return {}
    with duckdb.connect(str(warehouse), read_only=True) as con:
        return {
            table: {
                f"{source} {month:%Y-%m}": print_
                for source, month, print_ in con.execute(
                    f"select source_instance, service_month, fingerprint from state.{table}__partitions"
                ).fetchall()
            }
            for table in _TABLES
        }


def computed_partitions(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> dict[str, list[str]]:
    """The partitions whose inputs changed, which are those that the run computed."""
    return {
        table: sorted(name for name, found in held.items() if before.get(table, {}).get(name) != found)
        for table, held in after.items()
    }


def computed_nodes(folder: Path, began: datetime) -> dict[str, int]:
    """How many models, seeds and tests ran since, of how many."""
    with duckdb.connect(str(folder / ".tieout" / "warehouse" / "tieout.duckdb"), read_only=True) as con:
        ran, known = con.execute(
            "select count(*) filter (built_at >= ?), count(*) from state.nodes", [began]
        ).fetchone() or (0, 0)
    return {"ran": ran, "of": known}


def slowest(folder: Path) -> dict[str, float]:
    """Seconds of the models and tests of the last build that took longest; empty where none ran."""
    file = folder / ".tieout" / "dbt" / "target" / "run_results.json"
    if not file.exists():
        return {}
    results = json.loads(file.read_text(encoding="utf-8"))["results"]
    taken = sorted(((one["execution_time"], one["unique_id"].split(".")[2]) for one in results), reverse=True)
    return {name: round(seconds, 2) for seconds, name in taken[:_SLOWEST]}
