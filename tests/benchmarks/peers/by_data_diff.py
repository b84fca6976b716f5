"""data-diff inside DuckDB: python -m tests.benchmarks.peers.by_data_diff differing LEFT RIGHT KEYS, by the Python of its environment.

The faster of its two ways, a join within one database, over tables as it requires them; two threads, and without the
check that keys are unique, which it may leave out.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
from data_diff import connect_to_table, diff_tables, disable_tracking

from tests.benchmarks.peers.answer import answer

SIDES = ("left_side", "right_side")
COLUMNS = ("customer_id", "currency_code", "amount_minor")


def differing(left: str, right: str) -> set[str]:
    """Keys that one side lacks or whose other columns differ."""
    disable_tracking()
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "both.duckdb")
        with duckdb.connect(file) as con:
            for name, source in zip(SIDES, (left, right), strict=True):
                con.execute(f"create table {name} as from read_parquet('{source}')")
        database = {"driver": "duckdb", "filepath": file}  # one connection for both, which is what lets them be joined
        sides = [connect_to_table(database, name, "document_id", extra_columns=COLUMNS) for name in SIDES]
        return {row[0] for _, row in diff_tables(*sides, validate_unique_key=False, max_threadpool_size=2)}


if __name__ == "__main__":
    answer(differing)
