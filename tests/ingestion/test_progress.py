"""Somebody who waits half an hour for a large file is told how far it is; small ones say nothing but their name."""

from __future__ import annotations

import re

import pytest

from dagster_project.archive import engine, meter
from tests.ingestion.company import Company, csv_text, event, jsonl_text

WORDS = re.compile(r"product/usage_events/a\.\w+: \d+\.\d of \d+\.\d GB, \d+ MB/s(, [\d.]+ (s|min|h) left)?")


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_large_file_tells_bytes_rate_and_time_left(borealis: Company, monkeypatch, ending):
    monkeypatch.setattr(meter, "LARGE", 1)
    monkeypatch.setattr(meter, "TICK_SECONDS", 0.001)
    rows = [event(f"ev-{number}") for number in range(20_000)]
    borealis.deliver(f"product/usage_events/a.{ending}", csv_text(rows) if ending == "csv" else jsonl_text(rows))
    heard: list[tuple[str, int, int]] = []
    borealis.ingest(
        "product", "usage_events", progress=lambda words, done=0, total=0: heard.append((words, done, total))
    )
    assert heard[0] == (f"product/usage_events/a.{ending}", 0, 0)
    told = heard[1:]
    assert told
    assert all(WORDS.fullmatch(words) for words, _, _ in told), told[:3]
    percents = [done for _, done, total in told if total == 100]
    assert percents == sorted(percents)
    assert 0 <= percents[0] <= percents[-1] <= 100
    assert percents[-1] > 40


def test_a_small_file_says_its_name_only(borealis: Company):
    borealis.deliver("product/usage_events/a.csv", csv_text([event()]))
    heard: list[str] = []
    borealis.ingest("product", "usage_events", progress=lambda words, done=0, total=0: heard.append(words))
    assert heard == ["product/usage_events/a.csv"]


def test_a_step_that_begins_is_not_as_far_as_the_one_before(tmp_path):
    """An hour of writing would be told as done."""
    with engine.scratch(tmp_path) as con:
        watch = meter.Meter("a.csv", 10**9, "csv", con)
        con.execute("create table rows as from range(3000000)")
        watch.enter("measure")
        con.execute("select count(*), (select max(range) from rows) from rows").fetchone()
        assert con.query_progress() > 99, "DuckDB tells of a query until the next one begins"
        before = watch.words()[1]
        watch.enter("write")
        assert before <= watch.words()[1] < 60
