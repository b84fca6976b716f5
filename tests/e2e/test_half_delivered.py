"""A company whose first delivery lacks a row in seven of every object, which comes whole afterwards."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import duckdb
import pytest

import sample_data
from tests.command import tieout

pytestmark = pytest.mark.slow

LINES = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz")


def small(folder: Path) -> None:
    sample_data.generate(folder, size="ci", seed=8, events=2000, customers=20, clean=True)


def holed(folder: Path) -> None:
    """The small company without the third, tenth, ... row of each file, and without what the source says of it."""
    small(folder)
    for file in sorted((folder / "data").glob("*/*/*")):
        if file.name.endswith(LINES):
            packed = file.suffix == ".gz"
            raw = gzip.decompress(file.read_bytes()) if packed else file.read_bytes()
            head = 1 if ".csv" in file.name else 0
            lines = raw.splitlines(keepends=True)
            kept = lines[:head] + [line for number, line in enumerate(lines[head:]) if number % 7 != 2]
            file.write_bytes(gzip.compress(b"".join(kept)) if packed else b"".join(kept))
            file.with_name(file.name + ".manifest.json").unlink(missing_ok=True)


@pytest.fixture(scope="module")
def half(worlds):
    return worlds("half_delivered", holed)


def rows(folder: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str((folder / ".tieout/published/current.duckdb").resolve()), read_only=True) as con:
        return con.execute(sql).fetchall()


def test_what_lacks_everywhere_is_told_record_by_record_and_the_close_goes_on(half):
    """One record that names what is not there must not withhold every other figure of the company."""
    assert half.run.code == 1, half.run.text
    silent = (
        "select code, match_key from marts.exceptions where cause_code is null or owner_role is null or reason is null"
    )
    assert rows(half.folder, silent) == []
    told = {code for (code,) in rows(half.folder, "select distinct code from marts.exceptions")}
    assert {"R13", "R14", "R18", "R20", "R24", "R25"} <= told


def test_delivered_whole_the_books_are_those_of_a_company_that_never_lacked_anything(half, worlds, tmp_path):
    """A break that stays when its record came, or a figure that remembers the gap, would be chased for ever."""
    folder = Path(shutil.copytree(half.folder, tmp_path / "company", symlinks=True))
    whole = worlds("never_lacking", small)
    for file in (whole.folder / "data").glob("*/*/*"):
        target = folder / "data" / file.relative_to(whole.folder / "data")
        shutil.copy(file, target.with_name(f"whole_{target.name}"))
    assert tieout("run", "--config", folder / "tieout.yml").code == whole.run.code == 0
    for table in ("reconciliation_results", "exceptions", "bridge_cells", "bridge_allocation", "close_status"):
        query = f"select * from marts.{table} where code <> 'R38'" if table == "reconciliation_results" else None
        query = query or f"select * from marts.{table}"
        assert set(rows(folder, query)) == set(rows(whole.folder, query)), table
