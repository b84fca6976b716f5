"""A delivery that does not fit into memory must not end the run of a close: what ingestion holds does not grow with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.large_delivery import Measured, landing, make, measure

MEGABYTE = 1_000_000


def measured(folder: Path, kind: str, size: int, memory: str | None = None) -> Measured:
    make(landing(folder, "usage_events", kind), size)
    return measure(folder, memory)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_memory_does_not_grow_with_the_file(tmp_path, kind):
    """With little memory for DuckDB, so that files of some megabytes are large: the ways are those of 20 GB.

    Rows held in memory would take 250 MB more for the larger one; caches that fill up still take some.
    """
    small = measured(tmp_path / "small", kind, 24 * MEGABYTE, memory="64MB")
    large = measured(tmp_path / "large", kind, 96 * MEGABYTE, memory="64MB")
    assert large.rows > 3.9 * small.rows
    assert large.peak_bytes < small.peak_bytes + 110 * MEGABYTE


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_two_gigabytes_are_taken_within_one_gigabyte_of_memory(tmp_path, kind):
    assert measured(tmp_path, kind, 2000 * MEGABYTE).peak_bytes < 1000 * MEGABYTE
