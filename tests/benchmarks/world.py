"""Landing files of any size, quickly: the sample company, each of whose usage events becomes many that add up to it.

    python -m tests.benchmarks.world FOLDER --events 10000000

Documents stay those of the sample company, about a thousandth of the events; everything lands as Parquet. A close of the
inflated company gives the figures of the small one, so a benchmark that was fast by losing an event shows it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

import sample_data
from dagster_project.sources.contracts import Contract, load_contracts
from sample_data.config import EXTRACTED_AT, PERIODS

EVENTS = ("product", "usage_events")
_DOCUMENTS_A_CUSTOMER = 12
_FEWEST_CUSTOMERS = 25
_MOST_BASE_EVENTS = 200_000
_COPIES = 1000  # one event in so many is delivered twice
_READERS = {
    ".csv": "read_csv('{file}', all_varchar = true, header = true)",
    ".csv.gz": "read_csv('{file}', all_varchar = true, header = true)",
    ".jsonl": "read_json('{file}', format = 'newline_delimited', columns = {columns})",
    ".jsonl.gz": "read_json('{file}', format = 'newline_delimited', columns = {columns})",
    ".parquet": "read_parquet('{file}')",
}

# An event of a sum becomes `pieces` whose quantities add up to it. A peak, or one distinct key, stays whole: its other
# pieces are zero. Moments stay within the hour and none is later than the event's own, so no cut-off moves.
_PIECES = """
select
    event_id || '-' || piece as event_id, tenant_id, subscription_id, meter_code,
    (case
        when aggregation = 'sum' then thousandths // pieces + case when piece = 0 then thousandths % pieces else 0 end
        when piece = 0 then thousandths
        else 0
    end::decimal(18, 0) * 0.001::decimal(4, 3))::decimal(18, 3) as quantity,
    occurred_at - to_microseconds((epoch_us(occurred_at) - epoch_us(date_trunc('hour', occurred_at))) * piece // pieces)
        as occurred_at,
    ingested_at, properties
from (
    select events.*, (quantity * 1000)::bigint as thousandths, aggregations.aggregation, ?::bigint as pieces
    from read_parquet('{file}') as events
    inner join aggregations using (meter_code)
) as whole, unnest(range(pieces)) as drawn(piece)"""


def make(folder: Path, events: int, seed: int = 1) -> int:
    """Writes `folder/tieout.yml` and `folder/data`; gives the pieces of each event. `events` is met within a thousandth."""
    pieces = max(1, -(-events // _MOST_BASE_EVENTS), min(20, events // 2000))
    customers = max(_FEWEST_CUSTOMERS, events // 1000 // _DOCUMENTS_A_CUSTOMER)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        small = Path(name)
        sample_data.generate(small, seed=seed, events=max(events // pieces, 1), customers=customers, clean=True)
        inflate(small, folder, pieces)
    return pieces


def inflate(small: Path, folder: Path, pieces: int) -> None:
    """Writes the company of `small` to `folder`, everything as Parquet, with `pieces` events for each of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    shutil.copy(small / "tieout.yml", folder / "tieout.yml")
    with engine(folder) as con:
        meters = _files(small, "product", "meters")
        con.execute(
            f"create table aggregations as select distinct meter_code, aggregation from {_reader(meters[0], ())}"
        )
        for contract in load_contracts().values():
            for file in _files(small, contract.domain, contract.name):
                target = folder / "data" / contract.domain / contract.name / f"{file.name.split('.')[0]}.parquet"
                target.parent.mkdir(parents=True, exist_ok=True)
                if (contract.domain, contract.name) == EVENTS:
                    _inflate(con, file, target, pieces)
                else:
                    _convert(con, file, target, contract, pieces)


@contextmanager
def engine(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in UTC that spills beside the world and writes rows in whatever order they come."""
    spill = folder / ".spill"
    config = {"memory_limit": "3GB", "threads": 2, "temp_directory": str(spill), "preserve_insertion_order": False}
    with duckdb.connect(config=config) as con:
        con.execute("set TimeZone = 'UTC'")
        yield con
    shutil.rmtree(spill, ignore_errors=True)


def describe(con: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Writes the sidecar of a file of events: its rows and the sum of their quantities."""
    rows, total = con.execute(f"select count(*), coalesce(sum(quantity), 0) from '{file}'").fetchone() or (0, 0)
    said = {
        "extracted_at": EXTRACTED_AT.isoformat(),
        "row_count": rows,
        "control_totals": {"quantity": str(total)},
        "schema_version": "1",
    }
    file.with_name(f"{file.name}.manifest.json").write_text(json.dumps(said), encoding="utf-8")


def newest_events(folder: Path) -> Path:
    """The events of the month that is running."""
    return folder / "data" / "product" / "usage_events" / f"usage_events_{PERIODS[-1]}.parquet"


def _inflate(con: duckdb.DuckDBPyConnection, file: Path, target: Path, pieces: int) -> None:
    """The copies are deliveries of the same event a minute later: they must count once."""
    con.execute(f"create or replace temp table inflated as {_PIECES.format(file=file)}", [pieces])
    con.execute(
        f"""
        copy (
            from inflated
            union all by name
            select * replace (ingested_at + interval 1 minute as ingested_at)
            from inflated where hash(event_id) % {_COPIES} = 0
        ) to '{target}' (format parquet, compression zstd)"""
    )
    describe(con, target)


def _convert(con: duckdb.DuckDBPyConnection, file: Path, target: Path, contract: Contract, pieces: int) -> None:
    """The rows are those of the sample company, and so is the sidecar; only metering counts as many events as there are."""
    given = [name for name, *_ in con.execute(f"describe from {_reader(file, contract.columns)}").fetchall()]
    columns = []
    for column in contract.columns:
        if column.name in given:
            kind = "TIMESTAMPTZ" if column.kind == "timestamp" else column.sql_type
            value = f"{column.name}::{kind}"
            if (contract.name, column.name) == ("metered_usage", "event_count"):
                value = f"{value} * {pieces}"
            columns.append(f"{value} as {column.name}")
    con.execute(
        f"copy (select {', '.join(columns)} from {_reader(file, contract.columns)})"
        f" to '{target}' (format parquet, compression zstd)"
    )
    shutil.copy(file.with_name(f"{file.name}.manifest.json"), target.with_name(f"{target.name}.manifest.json"))


def _files(folder: Path, domain: str, name: str) -> list[Path]:
    found = (folder / "data" / domain / name).glob("*")
    return sorted(file for file in found if not file.name.endswith(".manifest.json"))


def _reader(file: Path, columns: object) -> str:
    ending = "".join(file.suffixes)
    texts = "{" + ", ".join(f"{column.name}: 'VARCHAR'" for column in columns) + "}"  # type: ignore[attr-defined]
    return _READERS[ending].format(file=file, columns=texts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    make(asked.folder, asked.events, asked.seed)


if __name__ == "__main__":
    main()
