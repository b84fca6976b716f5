"""A benchmark of a company that is not the sample company, or that loses events, would prove nothing."""

from __future__ import annotations

import json

import duckdb
import pytest

import sample_data
from tests.benchmarks import world
from tests.command import tieout

PIECES = 7
_USED = """
select subscription_id, meter_code, date_trunc('month', occurred_at) as month,
    sum(quantity) as total, max(quantity) as peak, count(distinct properties) as keys, count(*) as events,
    max(ingested_at - occurred_at) >= interval 0 second as is_in_order
from (select distinct on (event_id) * from read_parquet('{folder}/data/product/usage_events/*.parquet') order by ingested_at)
inner join (select distinct meter_code, aggregation from {meters}) using (meter_code)
group by all
order by all"""


@pytest.fixture(scope="module")
def companies(tmp_path_factory):
    """A small company, and the same with seven events for each of its own."""
    small, large = tmp_path_factory.mktemp("small"), tmp_path_factory.mktemp("large")
    sample_data.generate(small, events=2000, customers=25, clean=True)
    world.inflate(small, large, PIECES)
    return small, large


def test_inflated_events_add_up_to_those_that_they_come_from(companies):
    small, large = companies
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        few = con.execute(_USED.format(folder=small, meters=f"'{small}/data/product/meters/*.csv'")).fetchall()
        many = con.execute(_USED.format(folder=large, meters=f"'{large}/data/product/meters/*.parquet'")).fetchall()
    assert [row[:4] for row in few] == [row[:4] for row in many], "sums moved"
    assert [row[5] for row in few] == [row[5] for row in many], "distinct keys moved"
    assert [row[6] * PIECES for row in few] == [row[6] for row in many]
    assert all(row[7] for row in many), "an event would be ingested before it occurred"


def test_peaks_of_inflated_events_stay(companies):
    peaks = []
    for folder, ending in zip(companies, ("csv", "parquet"), strict=True):
        with duckdb.connect() as con:
            peaks.append(
                con.execute(
                    "select subscription_id, meter_code, date_trunc('month', occurred_at) as month, max(quantity)"
                    f" from read_parquet('{folder}/data/product/usage_events/*.parquet')"
                    f" inner join (select distinct meter_code, aggregation from '{folder}/data/product/meters/*.{ending}')"
                    " using (meter_code) where aggregation <> 'sum' group by all order by all"
                ).fetchall()
            )
    assert peaks[0] == peaks[1]
    assert peaks[0]


def test_every_sidecar_reports_what_its_file_holds(companies):
    """A wrong one would make every close of a benchmark fail its deliveries."""
    _, large = companies
    sidecars = sorted(large.glob("data/*/*/*.manifest.json"))
    assert len(sidecars) > 40
    for sidecar in sidecars:
        said = json.loads(sidecar.read_text(encoding="utf-8"))
        file = str(sidecar).removesuffix(".manifest.json")
        sums = ", ".join(f"coalesce(sum({name}), 0)" for name in said["control_totals"])
        with duckdb.connect() as con:
            rows, *totals = con.execute(f"select count(*){', ' + sums if sums else ''} from '{file}'").fetchone()
        assert rows == said["row_count"], file
        for total, stated in zip(totals, said["control_totals"].values(), strict=True):
            assert total == type(total)(stated), file


def test_the_command_measures_prints_and_writes_json(tmp_path):
    file = tmp_path / "figures.json"
    ran = tieout("bench", "--case", "floor", "--case", "matching", "--events", "4000", "--json", file)
    assert ran.code == 0, ran.text
    assert "Rows per second" in ran.out
    floor, matching = sorted(json.loads(file.read_text())["cases"], key=lambda one: one["case"])
    assert (floor["case"], matching["case"]) == ("floor", "matching")
    assert floor["rows"] == 4000
    assert matching["details"]["confirmed"] == matching["details"]["made"]
    assert matching["ratio"] > 0
    assert min(matching["peak_bytes"], floor["peak_bytes"]) > 1 << 20


def test_an_unknown_case_is_refused_in_words():
    ran = tieout("bench", "--case", "everything")
    assert ran.code == 2
    assert "--case everything: expected one of floor, whole" in ran.err


@pytest.mark.soak
def test_every_case_is_measured(tmp_path):
    file = tmp_path / "figures.json"
    ran = tieout("bench", "--events", "4000", "--json", file)
    assert ran.code == 0, ran.text
    found = {one["case"]: one for one in json.loads(file.read_text())["cases"]}
    assert set(found) == {
        "floor",
        "whole",
        "rerun",
        "increment",
        "late",
        "later",
        "evidence",
        "pages",
        "fixed",
        "matching",
        "compare",
    }
    assert found["late"]["details"]["partitions"]["usage_day"] == ["product 2025-11"]
    assert found["rerun"]["details"]["partitions"]["usage_day"] == []
    assert found["later"]["details"]["partitions"]["usage_day"] == []
    assert 0 < found["later"]["details"]["nodes"]["ran"] < found["later"]["details"]["nodes"]["of"] / 3
