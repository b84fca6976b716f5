"""The plainest DuckDB for what has no floor in the landing files.

python -m tests.benchmarks.floors evidence FOLDER
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import duckdb


def evidence(folder: Path) -> None:
    """The results, exceptions and bridge of the published snapshot, each as one Parquet file."""
    snapshot = folder / ".tieout" / "published" / "current.duckdb"
    with tempfile.TemporaryDirectory() as name, duckdb.connect(str(snapshot), read_only=True) as con:
        for table in ("reconciliation_results", "exceptions", "bridge_cells", "bridge_allocation", "lineage_edges"):
            con.execute(f"copy marts.{table} to '{name}/{table}.parquet' (format parquet, compression zstd)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("of", choices=["evidence"])
    parser.add_argument("folder", type=Path)
    evidence(parser.parse_args().folder)


if __name__ == "__main__":
    main()
