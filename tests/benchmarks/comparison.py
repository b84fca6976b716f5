"""A million documents of two systems compared by Tieout and by other tools, from the same files to the keys that differ.

    make setup-peers        # the other tools, each in an environment of its own
    tieout bench --case compare --events 1000000

One document in a hundred differs: four in a thousand in their amount, three are missing on either side. Every tool must find
exactly those, or the case fails. Rows lie nearly in the order of their numbers, as an ERP posts a little out of order.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb

from tests.benchmarks.measured import ROOT, Failed, Measured, Result, measure

TIEOUT, FLOOR = "tieout", "plain DuckDB"
_RUNS = 3
_MODULE = "tests.benchmarks.peers."
_OWN = {TIEOUT: "breaks", "tieout, all results kept": "control", FLOOR: "plain"}
PEERS = {"datacompy": "by_datacompy", "data-diff": "by_data_diff"}
_DOCUMENTS = """
create table documents as
select
    i, 'IN-' || lpad(i::varchar, 9, '0') as document_id, 'cus-' || (i % 40000) as customer_id,
    ['USD', 'EUR', 'JPY'][1 + i % 3] as currency_code, (i * 7919 % 90000000)::bigint as amount_minor, i % 1000 as kind
from range(?) as t(i)"""
_SIDES = {
    "left": ("kind not in (3, 4, 5)", "amount_minor"),
    "right": ("kind not in (6, 7, 8)", "amount_minor + case when kind in (0, 1, 2, 9) then 1 + i % 50 else 0 end"),
}


def case(folder: Path, documents: int) -> Result:
    """Compares so many documents three times by each tool, in turns; figures are medians, process start included.

    `details` has for each tool the processor seconds with and without process start, the same on the clock, and by how
    much Tieout is faster; of a tool that is not installed, how to install it. Raises Failed when one finds other keys.
    """
    expected = make(folder, documents)
    tools = commands()
    runs: dict[str, list[tuple[Measured, dict[str, float]]]] = {name: [] for name in tools}
    for _ in range(_RUNS):
        for name, command in tools.items():
            runs[name].append(_run(folder, name, command, expected))
    taken = {name: _median(of) for name, of in runs.items()}
    own, alone = taken[TIEOUT]
    details: dict[str, dict[str, float] | str] = {
        name: {
            "processor": round(whole.processor_seconds, 2),
            "clock": round(whole.seconds, 2),
            "processor, without start": round(bare["processor_seconds"], 2),
            "clock, without start": round(bare["seconds"], 2),
            "peak MiB": whole.peak_bytes >> 20,
            "times of Tieout's": round(whole.processor_seconds / own.processor_seconds, 2),
            "without start": round(bare["processor_seconds"] / alone["processor_seconds"], 2),
        }
        for name, (whole, bare) in taken.items()
    }
    details |= {
        name: "not installed, so not compared; `make setup-peers` installs it" for name in PEERS if name not in tools
    }
    details["keys that differ"] = f"{len(expected):,}, the same for all"
    return Result("compare", "documents of two systems, beside other tools", documents, own, taken[FLOOR][0], details)


def make(folder: Path, documents: int) -> set[str]:
    """Writes left.parquet and right.parquet; gives the keys that differ."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute(_DOCUMENTS, [documents])
        for side, (kept, amount) in _SIDES.items():
            con.execute(
                f"copy (select document_id, customer_id, currency_code, {amount} as amount_minor from documents"
                f" where {kept} order by i + hash(document_id, '{side}') % 1000)"
                f" to '{folder / side}.parquet' (format parquet, compression zstd)"
            )
        found = con.execute("select document_id from documents where kind < 10").fetchall()
    return {key for (key,) in found}


def commands() -> dict[str, list[str]]:
    """How each tool that is there is started, up to its arguments."""
    own = {name: [sys.executable, "-m", f"{_MODULE}by_tieout", way] for name, way in _OWN.items()}
    return own | {name: command for name, command in _peers() if Path(command[0]).exists()}


def _peers() -> Iterator[tuple[str, list[str]]]:
    for name, module in PEERS.items():
        yield name, [str(ROOT / ".peers" / name / "bin" / "python"), "-m", _MODULE + module, "differing"]


def _run(folder: Path, name: str, command: list[str], expected: set[str]) -> tuple[Measured, dict[str, float]]:
    keys = folder / "keys"
    files = [str(folder / f"{side}.parquet") for side in _SIDES]
    measured, out, _ = measure([*command, *files, str(keys)])
    found = keys.read_text(encoding="utf-8").split("\n") if keys.stat().st_size else []
    if set(found) != expected or len(found) != len(expected):
        raise Failed(f"{name} found {len(found):,} keys that differ, not the {len(expected):,} that do")
    return measured, json.loads(out.splitlines()[-1])


def _median(runs: list[tuple[Measured, dict[str, float]]]) -> tuple[Measured, dict[str, float]]:
    """The run in the middle by processor seconds, with start and without."""
    whole = sorted((one for one, _ in runs), key=lambda one: one.processor_seconds)[len(runs) // 2]
    return whole, {name: statistics.median(bare[name] for _, bare in runs) for name in runs[0][1]}
