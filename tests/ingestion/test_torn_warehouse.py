"""A warehouse whose file was torn by a kill in the middle of a block."""

from __future__ import annotations

import pytest

from dagster_project import warehouse
from tests.ingestion.company import Company, csv_text, event

BLOCKS, BLOCK = 3 * 4096, 256 * 1024
"""Where DuckDB's blocks begin, and how long one is."""


@pytest.mark.parametrize("place", ["first", "last"])
def test_a_warehouse_torn_by_a_kill_is_set_aside_and_made_again(borealis: Company, place: str):
    """It is a cache of the archive: no close may wait for somebody who deletes it by hand."""
    borealis.deliver("product/usage_events/a.csv", csv_text([event()]))
    borealis.ingest("product", "usage_events")
    before = borealis.query("from landed.generic__product__usage_events")
    path = borealis.settings.warehouse_path
    with warehouse.connect(borealis.settings) as con:
        con.execute("create table main.books as select hash(range) as a, hash(range + 1) as b from range(500000)")
    content = bytearray(path.read_bytes())
    start = BLOCKS if place == "first" else BLOCKS + BLOCK * ((len(content) - BLOCKS) // BLOCK // 2)
    content[start + 100 : start + 5000] = b"x" * 4900
    path.write_bytes(content)
    path.with_name(f"{path.name}.wal").touch()
    assert borealis.query("from landed.generic__product__usage_events") == before
    assert path.with_name(f"{path.name}.damaged").exists()
