"""A source that fails says why, costs nobody else anything, and is not hammered: a permanent failure is asked once, a
passing one at the pace that the server wishes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from dagster_project.connections import Retry
from dagster_project.sources import retry
from dagster_project.sources.connector import Pull
from dagster_project.sources.http import Pace
from dagster_project.sources.rest import RestConnector
from dagster_project.sources.retry import SourceFailed, Transient, persist, seconds_to_wait
from tests.connectors.api import Api, serving
from tests.connectors.world import QUICK, behind, payout, raw, rest
from tests.ingestion.company import NOW

TEN = [payout(number) for number in range(10)]
SECRET = "sk_live_31337"


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (400, "parameters and paging that the server understands"),
        (401, "valid credentials: renew $BILLING_TOKEN"),
        (403, "an account that may read this"),
        (404, "mend url or path in tieout.yml"),
        (410, "an address that still exists"),
        (422, "parameters that the server accepts"),
        (301, "the address that it leads to"),
    ],
)
def test_a_permanent_failure_is_asked_once_and_says_what_to_do(tmp_path, monkeypatch, status, says):
    monkeypatch.setenv("BILLING_TOKEN", SECRET)
    with serving(Api(TEN, faults=[status] * 9)) as api:
        one = behind(tmp_path, rest(api, token_env="BILLING_TOKEN"))
        (batch,) = one.one(object="payouts").refused
        assert len(api.asked) == 1
        assert api.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    for words in (f"GET {api.url}/payouts answered {status}", says):
        assert words in batch.reason
    assert batch.source_failed.startswith("billing")
    (letter,) = one.query("select failure_class, source_instance, object, reason from landed.quarantine")
    assert (letter["failure_class"], letter["source_instance"], letter["object"]) == ("transport", "billing", "payouts")
    assert not [name for name, content in one.archive_tree().items() if SECRET.encode() in content]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html>log in</html>", "the answer is not JSON"),
        (b'{"items": []}', "has nothing at 'data'; it has 'items'"),
        (b'{"data": {}}', "has no list at 'data'"),
        (b'{"data": [1]}', "what is no object: '1'"),
        (b'{"data": [{"a": "\xff"}]}', "the answer is not UTF-8"),
        (b"", "cut off"),
    ],
)
def test_an_answer_of_another_shape_is_said_in_words(tmp_path, body, says):
    with serving(Api(TEN)) as api:
        api.answer = lambda path, query, headers: (200, body, None)  # type: ignore[method-assign]
        (batch,) = behind(tmp_path, rest(api)).one(object="payouts").refused
        assert says in batch.reason
        assert len(api.asked) == (6 if body == b"" else 1), "only what may be a broken transfer is asked for again"


def test_an_answer_larger_than_memory_allows_is_refused(tmp_path):
    with serving(Api([payout(n, "1." + "0" * 400) for n in range(3000)], size=3000)) as api:
        (batch,) = behind(tmp_path, rest(api, largest_page_megabytes=1)).one(object="payouts").refused
        assert "larger than 1 MB" in batch.reason


def test_the_other_sources_and_objects_go_on(tmp_path):
    objects = {name: {"path": f"/{name}"} for name in ("payouts", "refunds")}
    with serving(Api(TEN, faults=[404])) as api:
        one = behind(tmp_path, rest(api, objects=objects), "crm")
        one.deliver(
            "crm/opportunities/a.csv", "opportunity_id,account_id,stage,close_date,currency,amount,updated_at\n"
        )
        report = one.ingest(domain=None, object=None)
    states = {(item.source_instance, item.object): item for item in report.objects if item.batches}
    assert states["billing", "payouts"].refused or states["billing", "refunds"].refused
    assert states["crm", "opportunities"].new


def test_a_source_that_is_down_is_given_up_once_for_all_its_objects(tmp_path):
    objects = {name: {"path": f"/{name}"} for name in ("payouts", "refunds", "payments")}
    with serving(Api(TEN)) as api:
        pass  # the port is free again: nobody listens
    one = behind(tmp_path, rest(api, objects=objects))
    report = one.ingest(object=None)
    failed = {batch.source_failed for item in report.objects for batch in item.batches}
    assert len(failed) == 1
    (words,) = failed
    assert "cannot be reached (Connection refused), until attempts (6)" in words


def test_a_missing_secret_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("BILLING_TOKEN", raising=False)
    with serving(Api(TEN)) as api:
        (batch,) = behind(tmp_path, rest(api, token_env="BILLING_TOKEN")).one(object="payouts").refused
        assert "the environment variable BILLING_TOKEN is not set" in batch.reason
        assert api.asked == []


def test_the_same_failure_is_one_dead_letter_until_the_source_answers_and_a_new_one_after(tmp_path):
    with serving(Api(TEN, faults=[403, 403, "ok", "ok", "ok", "ok", 403])) as api:
        one = behind(tmp_path, rest(api))
        for hours in range(2):
            one.ingest(object="payouts", now=NOW + timedelta(hours=hours))
        assert one.query("select state from landed.batches") == [{"state": "refused"}]
        one.ingest(object="payouts", now=NOW + timedelta(hours=2))
        states = "select state from landed.batches order by received_at"
        assert [row["state"] for row in one.query(states)] == ["replaced", "loaded"]
        one.ingest(object="payouts", now=NOW + timedelta(hours=3))
        assert [row["state"] for row in one.query(states)] == ["replaced", "loaded", "refused"]
        waiting = [letter["state"] for letter in one.quarantine()].count("open")
        assert waiting == 1, "a new outage must not hide behind an old one that was mended"


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def __call__(self) -> float:
        return self.now


@contextmanager
def pulling(tmp_path, api: Api, clock: Clock, **changes) -> Iterator[RestConnector]:
    pull = Pull(tmp_path, NOW, lambda name: None, ("payouts",), lambda words: None, lambda name: None)
    yield RestConnector("billing", rest(api, **changes), pull, sleep=clock.sleep, clock=clock)


def test_a_rate_limit_parts_the_requests_those_tried_again_too(tmp_path):
    clock, times = Clock(), []
    with serving(Api(TEN, faults=["ok", "drop", "truncate"])) as api:
        answer = api.answer
        api.answer = lambda *asked: (times.append(clock.now), answer(*asked))[1]  # type: ignore[method-assign]
        with pulling(tmp_path, api, clock, requests_per_second=4) as connector:
            connector.pulled("payouts")
    assert len(times) == 6
    assert all(later - before >= 0.25 - 1e-9 for before, later in pairwise(times))


def test_a_pause_is_no_credit_for_a_burst():
    clock = Clock()
    pace = Pace(10, clock.sleep, clock)
    pace.wait()
    clock.now += 100
    began = [(pace.wait(), clock.now)[1] for _ in range(3)]
    assert [round(moment - began[0], 6) for moment in began] == [0, 0.1, 0.2]


@pytest.mark.parametrize(("status", "asked"), [(429, "7"), (503, "7")])
def test_a_wait_that_the_server_asks_for_is_kept(tmp_path, status, asked):
    clock = Clock()
    with serving(Api(TEN, faults=[status], retry_after=asked)) as api, pulling(tmp_path, api, clock) as connector:
        assert connector.pulled("payouts").records == 10
    assert clock.slept == [7]


def test_a_wait_beyond_the_deadline_is_not_begun(tmp_path):
    clock = Clock()
    with serving(Api(TEN, faults=[429], retry_after="7200")) as api, pulling(tmp_path, api, clock) as connector:
        with pytest.raises(SourceFailed, match="asks to wait longer than the deadline of 600 s"):
            connector.pulled("payouts")
        assert len(api.asked) == 1
    assert clock.slept == []


def test_retry_after_holds_seconds_or_a_date():
    now = datetime(2026, 10, 12, 0, 0, tzinfo=UTC)
    assert seconds_to_wait("120", now) == 120
    assert seconds_to_wait("Mon, 12 Oct 2026 00:01:30 GMT", now) == 90
    assert seconds_to_wait("Sun, 11 Oct 2026 00:00:00 GMT", now) == 0
    assert seconds_to_wait("soon", now) == seconds_to_wait(None, now) == seconds_to_wait("-5", now) == 0


def test_waits_grow_with_full_jitter_up_to_a_cap(monkeypatch):
    highest: list[float] = []
    monkeypatch.setattr(retry.random, "uniform", lambda low, high: highest.append(high) or low)
    clock = Clock()
    policy = Retry(attempts=8, first_wait_seconds=1, longest_wait_seconds=20, deadline_seconds=600)
    with pytest.raises(SourceFailed, match=r"attempts \(8\)"):
        persist(failing, policy, clock.sleep)
    assert highest[:7] == [1, 2, 4, 8, 16, 20, 20]
    assert len(clock.slept) == 7


def failing() -> None:
    raise Transient("no answer")


def test_what_is_permanent_passes_through_at_once():
    with pytest.raises(ZeroDivisionError):
        persist(lambda: 1 // 0, Retry(**QUICK))


def test_headers_and_parameters_are_sent_as_configured(tmp_path, monkeypatch):
    monkeypatch.setenv("API_KEY", SECRET)
    objects = {"payouts": {"path": "payouts", "parameters": {"expand": "lines", "limit": 3}}}
    with serving(Api(TEN)) as api:
        changes = {"headers": {"X-Version": "2026-01-01"}, "headers_env": {"X-Api-Key": "API_KEY"}}
        one = behind(tmp_path, rest(api, objects=objects, **changes))
        one.ingest(object="payouts")
        assert raw(one) == [api.lines]
    assert api.asked[1].query == {"expand": "lines", "limit": "3", "cursor": "3"}
    assert (api.asked[0].headers["x-version"], api.asked[0].headers["x-api-key"]) == ("2026-01-01", SECRET)
    assert json.loads(TEN[0])["payout_id"] == "po-0"
