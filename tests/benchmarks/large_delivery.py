"""What one large delivery takes: peak memory, time and rate of its way into the archive, in a process of its own.

    python -m tests.benchmarks.large_delivery --gigabytes 20 --format csv --folder /somewhere/with/70/GB

prints one line of JSON. The rows are made by DuckDB, as a generator in Python would take longer than their ingestion:
usage events, or with `--object invoices` rows with amounts of several currencies.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[2]
_BYTES_A_ROW = {("usage_events", "csv"): 117, ("usage_events", "jsonl"): 239, ("invoices", "csv"): 126}
_DOMAINS = {"usage_events": "product", "invoices": "billing"}
_ROWS = {
    "usage_events": """
select
    'evt-' || lpad(i::varchar, 12, '0') as event_id,
    'ten-' || (i % 4000) as tenant_id,
    'sub-' || (i % 9000) as subscription_id,
    'api_calls' as meter_code,
    ((i * 7919 % 100000) + (i % 1000) / 1000.0)::decimal(18, 3) as quantity,
    strftime(timestamp '2026-09-01' + to_milliseconds(i * 37 % 2500000000), '%Y-%m-%dT%H:%M:%S.%gZ') as occurred_at,
    strftime(timestamp '2026-09-01' + to_milliseconds(i * 37 % 2500000000 + 7), '%Y-%m-%dT%H:%M:%S.%gZ') as ingested_at,
    case when i % 2 = 0 then '{"region": "eu-' || (i % 7) || '"}' end as properties
from range(getvariable('rows')) as t(i)""",
    "invoices": """
select
    'inv-' || lpad(i::varchar, 12, '0') as invoice_id,
    'N-' || lpad(i::varchar, 12, '0') as number,
    'main' as series,
    'cus-' || (i % 40000) as customer_id,
    ['US', 'DE', 'JP'][1 + i % 3] as legal_entity_code,
    ['USD', 'EUR', 'JPY'][1 + i % 3] as currency,
    '2026-09-01' as issue_date,
    'open' as status,
    case when i % 3 = 2 then (i * 7919 % 90000000)::varchar else ((i * 7919 % 90000000) / 100)::decimal(18, 2)::varchar end
        as net_amount,
    '0' as tax_amount,
    net_amount as total_amount,
    'cor-' || i as correlation_id,
    strftime(timestamp '2026-09-01' + to_milliseconds(i * 37 % 2500000000), '%Y-%m-%dT%H:%M:%S.%gZ') as updated_at
from range(getvariable('rows')) as t(i)""",
}


@dataclass(frozen=True)
class Measured:
    """One ingestion: bytes and rows of the file, wall and processor seconds, peak resident bytes of the process."""

    bytes: int
    rows: int
    seconds: float
    processor_seconds: float
    peak_bytes: int


def landing(folder: Path, name: str, kind: str) -> Path:
    """Where the large file of an object lies."""
    return folder / "data" / _DOMAINS[name] / name / f"large.{kind}"


def make(file: Path, size: int) -> None:
    """Writes rows of about `size` bytes as CSV or JSON lines, of the object in whose folder the file is to lie."""
    file.parent.mkdir(parents=True, exist_ok=True)
    name, kind = file.parent.name, file.suffix[1:]
    options = "(format csv, header)" if kind == "csv" else "(format json)"
    with duckdb.connect(config={"memory_limit": "1GB", "threads": 2, "preserve_insertion_order": False}) as con:
        con.execute("set variable rows = ?", [size // _BYTES_A_ROW[name, kind]])
        con.execute(f"copy ({_ROWS[name]}) to '{file}' {options}")


def measure(folder: Path, memory: str | None = None) -> Measured:
    """Ingests `folder/data` into `folder/home` in a process of its own, with another limit for DuckDB where given."""
    command = [sys.executable, "-m", "tests.benchmarks.large_delivery", "--ingest", str(folder)]
    done = subprocess.run(
        command + (["--memory", memory] if memory else []), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return Measured(**json.loads(done.stdout))


def ingest(folder: Path, memory: str | None) -> Measured:
    """Ingests in this process."""
    from dagster_project import archive
    from dagster_project.archive import engine
    from tests.ingestion.company import company

    if memory:
        engine.INTAKE_MEMORY_LIMIT, engine.LARGE = memory, 1
    began, processor = time.monotonic(), time.process_time()
    name = next(name for name, domain in _DOMAINS.items() if (folder / "data" / domain).exists())
    domain = _DOMAINS[name]
    (report,) = archive.ingest(company(folder, domain).settings, domain, name).objects
    (batch,) = report.new
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    seconds = time.monotonic() - began
    return Measured(batch.bytes, batch.parsed_rows, seconds, time.process_time() - processor, peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=2)
    parser.add_argument("--object", choices=sorted(_DOMAINS), default="usage_events")
    parser.add_argument("--format", choices=["csv", "jsonl"], default="csv", help="usage events alone come as jsonl")
    parser.add_argument("--folder", type=Path, help="where file, archive and scratch lie: three times its size")
    parser.add_argument("--ingest", type=Path, help="only ingest what lies in this folder")
    parser.add_argument("--memory", help="another limit for DuckDB")
    asked = parser.parse_args()
    if asked.ingest:
        print(json.dumps(vars(ingest(asked.ingest, asked.memory))))  # noqa: T201
        return
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        make(landing(Path(name), asked.object, asked.format), int(asked.gigabytes * 1e9))
        print(json.dumps(vars(measure(Path(name), asked.memory))))  # noqa: T201


if __name__ == "__main__":
    main()
