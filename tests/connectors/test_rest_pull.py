"""A pull brings every record of the server once, as the server wrote it, or nothing at all: a page that is lost, doubled
or rounded is money that no control can find again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.connectors.api import STYLES, Api, serving
from tests.connectors.world import behind, payout, raw, rest
from tests.ingestion.company import NOW

TEN = [payout(number, f"{number}.10") for number in range(10)]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("rows", [10, 9, 1, 0])
def test_every_paging_style_brings_every_record_as_it_was_written(tmp_path, style, rows):
    with serving(Api(TEN[:rows])) as api:
        one = behind(tmp_path, rest(api, style))
        report = one.one(object="payouts")
        assert report.received_rows == rows
        assert raw(one) == [api.lines]
        assert one.query("select reported_row_count as n from landed.batches") == [{"n": rows}]
    assert not (one.settings.checkpoints_path / "billing" / "payouts").exists()


def test_numbers_keep_every_digit(tmp_path):
    amounts = ["1.10", "9007199254740993.01", "0.10", "-0.05", "123456789012.3456"]
    with serving(Api([payout(n, amount) for n, amount in enumerate(amounts)])) as api:
        one = behind(tmp_path, rest(api))
        one.ingest(object="payouts")
        assert raw(one) == [api.lines]
        landed = one.query("select payout_id, amount::varchar as a from landed.generic__billing__payouts order by 1")
        assert [row["a"] for row in landed] == ["1.1000", "0.1000", "-0.0500"]
        refused = one.query("select value from landed.quarantine order by 1")
        assert [row["value"] for row in refused] == ["123456789012.3456", "9007199254740993.01"]


FAULTS = [408, 425, 429, 500, 502, 503, 504, "drop", "hang_up", "truncate", "repeat"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(STYLES)),
    st.integers(0, 11),
    st.lists(st.lists(st.sampled_from(FAULTS), max_size=3).map(lambda faults: [*faults, "ok"]), max_size=5),
    st.none() | st.integers(1, 4),
)
@example("cursor", 10, [["ok"], [503, "drop", "truncate", "ok"], ["repeat", "ok"]], 2)
@example("offset", 10, [["ok"], ["repeat", "repeat", "ok"]], None)
def test_whatever_fails_in_passing_the_archive_holds_the_records_of_the_server_once_each(style, rows, bursts, expires):
    faults = [fault for burst in bursts for fault in burst]
    if expires is not None:
        faults = [*faults[:expires], *["ok"] * (expires - len(faults)), 410, *faults[expires:]]
    with tempfile.TemporaryDirectory() as folder, serving(Api(TEN[:rows] or [], faults=faults)) as api:
        one = behind(
            Path(folder),
            rest(api, style, retry={"attempts": 9, "first_wait_seconds": 0.001, "longest_wait_seconds": 0.001}),
        )
        report = one.one(object="payouts")
        if any(asked_at_first_page(api, place) for place, fault in enumerate(faults[: len(api.asked)]) if fault == 410):
            assert report.refused, "a first page that is gone is no expired cursor"
            assert raw(one) == []
        else:
            assert not report.refused, report.refused
            assert raw(one) == [api.lines]


def asked_at_first_page(api: Api, place: int) -> bool:
    return api._start(api.asked[place].query, api.asked[place].headers) == 0


def test_a_slow_answer_is_asked_for_again(tmp_path):
    with serving(Api(TEN, faults=["ok", "wait"])) as api:
        one = behind(tmp_path, rest(api))
        one.ingest(object="payouts")
        assert raw(one) == [api.lines]
        assert len(api.asked) == 5


def test_a_cursor_that_has_expired_begins_the_pull_anew_once(tmp_path):
    with serving(Api(TEN, faults=["ok", "ok", 410])) as api:
        one = behind(tmp_path / "once", rest(api))
        one.ingest(object="payouts")
        assert raw(one) == [api.lines]
        assert [asked.query.get("cursor") for asked in api.asked] == [None, "3", "6", None, "3", "6", "9"]
    with serving(Api(TEN, faults=["ok", "ok", 410, "ok", "ok", 410])) as api:
        one = behind(tmp_path / "twice", rest(api))
        assert "410" in one.one(object="payouts").refused[0].reason
        assert raw(one) == []


KILLED = """
import sys
from pathlib import Path
from tests.connectors.api import Api
from tests.connectors.world import behind, rest
api = Api([]); api.url = sys.argv[2]
behind(Path(sys.argv[1]), rest(api, timeout_seconds=60)).ingest(object="payouts")
"""


def test_a_killed_pull_leaves_no_half_batch_and_goes_on_at_the_next_page(tmp_path):
    with serving(Api(TEN, faults=["ok", "ok", "wait"])) as api:
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path), api.url], cwd=Path(__file__).parents[2]
        )
        with api.arrived:
            assert api.arrived.wait_for(lambda: len(api.asked) == 3, timeout=60)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        one = behind(tmp_path, rest(api))
        assert one.query("select count(*) as n from landed.batches") == [{"n": 0}]
        one.ingest(object="payouts")
        assert [asked.query.get("cursor") for asked in api.asked[3:]] == ["6", "9"], (
            "pages that came are not asked again"
        )
        assert raw(one) == [api.lines]
        assert one.query("select received_rows as n from landed.batches") == [{"n": 10}]


@pytest.mark.parametrize("case", ["old", "other question", "forgotten by the server"])
def test_a_checkpoint_that_no_longer_fits_is_dropped(tmp_path, case):
    with serving(Api(TEN, faults=["ok", "ok", 403])) as api:
        one = behind(tmp_path, rest(api))
        assert one.one(object="payouts").refused
        assert (one.settings.checkpoints_path / "billing" / "payouts").exists()
        now, connector = NOW, rest(api)
        if case == "old":
            now = NOW + timedelta(hours=7)
        elif case == "other question":
            connector = rest(api, paging={**STYLES["cursor"], "more": "meta.more"})
        else:
            api.faults = [*api.faults, 404]
        again = behind(tmp_path, connector)
        again.ingest(object="payouts", now=now)
        assert raw(again) == [api.lines]
        begun = api.asked[3:] if case != "forgotten by the server" else api.asked[4:]
        assert [asked.query.get("cursor") for asked in begun] == [None, "3", "6", "9"]


def test_what_changed_since_is_asked_from_the_newest_extraction_in_the_archive(tmp_path):
    objects = {"payouts": {"path": "/payouts", "updated_since": {"parameter": "since", "overlap_seconds": 60}}}
    with serving(Api(TEN)) as api:
        one = behind(tmp_path, rest(api, objects=objects))
        one.ingest(object="payouts")
        assert "since" not in api.asked[0].query, "the first pull takes everything"
        api.rows, seen = [payout(3, "7.77")], len(api.asked)
        one.ingest(object="payouts", now=NOW + timedelta(hours=2))
        assert api.asked[seen].query["since"] == "2026-10-11T23:59:00Z"
        api.rows, seen = [], len(api.asked)
        third = one.one(object="payouts", now=NOW + timedelta(hours=4))
        assert api.asked[seen].query["since"] == "2026-10-12T01:59:00Z"
        assert not third.refused, "nothing new is no fault"
        api.rows, seen = [], len(api.asked)
        one.ingest(object="payouts", now=NOW + timedelta(hours=6))
        assert api.asked[seen].query["since"] == "2026-10-12T03:59:00Z", "an empty pull moves the mark too"
        assert len(one.query("from landed.generic__billing__payouts")) == 11
        newest = one.query("select max(extracted_at)::varchar as at from landed.batches")
        assert newest == [{"at": "2026-10-12 06:00:00"}]


def test_a_failed_pull_does_not_move_the_mark(tmp_path):
    objects = {"payouts": {"path": "/payouts", "updated_since": {"parameter": "since"}}}
    with serving(Api(TEN, faults=[401])) as api:
        one = behind(tmp_path, rest(api, objects=objects))
        assert one.one(object="payouts").refused
        one.ingest(object="payouts", now=NOW + timedelta(hours=2))
        assert "since" not in api.asked[1].query
        assert raw(one) == [api.lines]


def test_what_the_server_counted_stands_beside_what_came(tmp_path):
    """Records that vanish between two pages shift the rest: only the server's own count shows that one was skipped."""
    with serving(Api(TEN)) as api:
        answer = api.answer

        def shrinking(path, query, headers):
            status, body, link = answer(path, query, headers)
            return status, body.replace(b'"total": 10', b'"total": 11') if query.get("offset") == "9" else body, link

        api.answer = shrinking  # type: ignore[method-assign]
        one = behind(tmp_path, rest(api, "counted_offset"))
        one.ingest(object="payouts")
        assert one.query("select received_rows, reported_row_count from landed.batches") == [
            {"received_rows": 10, "reported_row_count": 11}
        ]


def test_a_link_to_another_host_is_not_followed(tmp_path):
    with serving(Api(TEN)) as api:
        api.answer = lambda path, query, headers: (  # type: ignore[method-assign]
            200,
            json.dumps(
                {"data": [json.loads(TEN[0])], "meta": {"link": "http://elsewhere.example/v1/payouts"}}
            ).encode(),
            None,
        )
        refused = behind(tmp_path, rest(api, "link")).one(object="payouts").refused
        assert "another host, elsewhere.example" in refused[0].reason
