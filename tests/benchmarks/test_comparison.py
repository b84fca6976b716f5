"""A comparison that misses a document would be the faster for it, and its figures would be worth nothing."""

from __future__ import annotations

import sys

import duckdb
import pytest

from tests.benchmarks import comparison
from tests.benchmarks.measured import Failed
from tests.benchmarks.peers import by_tieout

DOCUMENTS = 20_000


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sides")
    return folder, comparison.make(folder, DOCUMENTS)


@pytest.mark.parametrize("way", [by_tieout.breaks, by_tieout.control, by_tieout.plain])
def test_every_document_that_differs_is_found_and_no_other(sides, way):
    folder, expected = sides
    found = way(str(folder / "left.parquet"), str(folder / "right.parquet"))
    assert len(found) == DOCUMENTS // 100
    assert set(found) == expected


def test_breaks_say_how_much_and_why(sides):
    """The peers are asked for keys; the macro must not win by leaving out what a control says."""
    folder, _ = sides
    with duckdb.connect() as con:
        con.execute(by_tieout._PREPARED.format(left=folder / "left.parquet", right=folder / "right.parquet"))
        con.execute(f"create table results as {by_tieout._CONTROL}")
        causes = con.execute(
            "select cause_code, count(*), count(reason) from results where status = 'break' group by all order by all"
        ).fetchall()
        (matched,) = con.execute("select count(*) from results where status = 'matched' and delta_minor = 0").fetchone()
        (delta,) = con.execute("select sum(delta_minor) from results").fetchone()
        (by_sums,) = con.execute(
            "select (select sum(amount_minor) from left_side) - (select sum(amount_minor) from right_side)"
        ).fetchone()
    thousands = DOCUMENTS // 1000
    assert causes == [
        ("C02", 3 * thousands, 3 * thousands),
        ("C06", 3 * thousands, 3 * thousands),
        ("C14", 4 * thousands, 4 * thousands),
    ]
    assert matched == DOCUMENTS - 10 * thousands
    assert delta == by_sums


def test_a_tool_that_finds_other_keys_fails_the_case(sides):
    folder, expected = sides
    wrong = [sys.executable, "-c", "import sys, pathlib; pathlib.Path(sys.argv[-1]).write_text('IN-1'); print('{}')"]
    with pytest.raises(Failed, match="hasty found 1 keys that differ, not the 200 that do"):
        comparison._run(folder, "hasty", wrong, expected)


def test_a_tool_that_is_not_there_is_named_with_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setattr(comparison, "ROOT", tmp_path)
    result = comparison.case(tmp_path / "files", 1000)
    for peer in comparison.PEERS:
        assert result.details[peer] == "not installed, so not compared; `make setup-peers` installs it"
    assert result.details["keys that differ"] == "10, the same for all"
