"""What scale.py derives, drawn at small sizes, and what an index costs on this machine.

Events are numbers, their ids' hashes those of DuckDB, the leading bits of which stand for a hash of that width.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tests.benchmarks.scale import HASH_BITS, Lateness, index_bits


def drawn_candidates(con: duckdb.DuckDBPyConnection, new: int, kept: int, bits: int, seed: int) -> int:
    """Pairs of different ids of one hash, counted among ids drawn."""
    con.execute(
        f"""
        create or replace temp table drawn as
        select hash(i, {seed}) >> {HASH_BITS - bits} as hash, i < {new} as is_new from range({new + kept}) as t(i)"""
    )
    return _number(
        con,
        """
        select coalesce(sum(fresh * (fresh - 1) // 2 + fresh * old), 0)::bigint from (
            select count(*) filter (is_new) as fresh, count(*) filter (not is_new) as old from drawn group by hash
        )""",
    )


def drawn_touched(
    con: duckdb.DuckDBPyConnection, events: int, lateness: Lateness, parts: int, days: int, seed: int
) -> list[int]:
    """Partitions that a day's arrivals reach, per age, counted among events drawn."""
    con.execute(
        f"""
        create or replace temp table reached as
        select distinct
            case when place >= {lateness.late} then 0
                else 1 + floor(ln(place / {lateness.late}) / ln({lateness.stays}))::bigint end as age,
            hash(i, {seed}, 'part') % {parts} as part
        from (select i, (hash(i, {seed}, 'age') + 1) / 18446744073709551616::double as place from range({events}) as t(i))"""
    )
    counted = dict(con.execute("select age, count(*) from reached group by age").fetchall())
    return [counted.get(age, 0) for age in range(days + 1)]


def measured_index(kept: int, new: int, folder: Path) -> dict[str, float]:
    """Processor seconds to make an index of `kept` sorted hashes, to add `new` and find those that it has; its bytes."""
    with engine() as con:
        file, more = folder / "index.parquet", folder / "more.parquet"
        options = "(format parquet, parquet_version v2, compression uncompressed)"
        began = time.process_time()
        con.execute(f"copy (select hash(i) as hash from range({kept}) as t(i) order by hash) to '{file}' {options}")
        built = time.process_time() - began
        began = time.process_time()
        con.execute(
            f"copy (select hash(i) as hash from range({kept - new // 1000}, {kept + new - new // 1000}) as t(i)"
            f" order by hash) to '{more}' {options}"
        )
        added = time.process_time() - began
        began = time.process_time()
        found = _number(con, f"select count(*) from '{more}' semi join '{file}' using (hash)")
        probed = time.process_time() - began
    assert found == new // 1000, f"{found} of {new // 1000} repeats found"
    return {
        "kept": kept, "new": new, "build": built, "add": added, "probe": probed,
        "bytes per entry": file.stat().st_size / kept, "least bytes": index_bits(kept) / 8,
    }  # fmt: skip


def measured_lookup(rows: int, folder: Path, times: int = 100) -> float:
    """Processor seconds to read the whole id of one hash out of a bucket of so many events, sorted by hash."""
    with engine() as con:
        file = folder / "bucket.parquet"
        con.execute(
            f"copy (select hash(i) as hash, md5(i::varchar) as event_id from range({rows}) as t(i) order by hash)"
            f" to '{file}' (format parquet, compression zstd)"
        )
        began = time.process_time()
        for number in range(times):
            found = con.execute(f"select event_id from '{file}' where hash = hash({number}::bigint)").fetchall()
            assert len(found) == 1, f"event {number} found {len(found)} times"
        return (time.process_time() - began) / times


def _number(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    (value,) = con.execute(sql).fetchone() or (0,)
    return int(value)


@contextmanager
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory, as large as two workers' share."""
    with duckdb.connect(config={"threads": 2, "memory_limit": "3GB"}) as con:
        yield con
