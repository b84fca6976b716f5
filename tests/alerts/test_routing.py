"""Who hears of what: a channel that is limited to owners hears all that is theirs, and nothing is kept from everybody."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dagster_project import alerts
from tests.alerts.receiver_of_alerts import LATER, VARIABLE, published, titles
from tests.command import tieout
from tests.dashboards import snapshots
from tests.receiver import Receiver

NOW = datetime(2026, 10, 12, tzinfo=UTC)
BOOKS = {"variable": "TIEOUT_ALERTS_GL", "owners": ["GL"]}


@pytest.fixture
def books(channel: Receiver, monkeypatch) -> Receiver:
    """The server of `channel`; what the general ledger's channel takes comes to its path /books."""
    monkeypatch.setenv(BOOKS["variable"], f"json://{channel.address}/books")
    return channel


def owners(receiver: Receiver, path: str) -> set[str]:
    bodies = "\n".join(request.json()["message"] for request in receiver.to(path))
    return {line.removeprefix("Who acts: ") for line in bodies.splitlines() if line.startswith("Who acts: ")}


def test_the_channel_of_an_owner_hears_all_that_is_theirs_and_nothing_else(tmp_path, books):
    told = alerts.tell(published(tmp_path, LATER, channels=[VARIABLE, BOOKS]))
    assert told.notes == ()
    assert owners(books, "/books") == {"GL"} < owners(books, "/hook")
    of_the_books = [one.json() for one in books.to("/hook") if "Who acts: GL" in one.json()["message"]]
    assert titles(books, "/books") == [one["title"] for one in of_the_books]


def test_a_finding_that_nobody_would_hear_of_is_a_note_of_the_run(tmp_path, books):
    """Routed by owner, what no channel is named for would be told to nobody, and the run would look quiet."""
    told = alerts.tell(published(tmp_path, channels=[BOOKS], about=["stale", "gate"]))
    assert told.notes == (
        "alerts: no channel hears of 5 findings of AR, IntegrationOps; name them in the `owners` of a channel",
    )
    stopped = alerts.tell_failure(published(tmp_path, number=2, channels=[BOOKS]), "landed", "no file", NOW)
    assert stopped.sent == 0
    assert "1 finding of IntegrationOps" in stopped.notes[0]


def test_only_what_owners_keep_from_every_channel_is_noted_and_not_what_was_not_asked_for(tmp_path, books):
    told = alerts.tell(published(tmp_path, channels=[VARIABLE, BOOKS | {"about": ["stale"]}], about=["gate"]))
    assert told.notes == ("alerts: no channel hears of 1 finding of AR; name them in the `owners` of a channel",)
    assert books.to("/books") == []


def test_a_channel_may_ask_for_less_or_more_than_the_others(tmp_path, books):
    closed = LATER + "update marts.close_status set period_state = 'hard_closed' where legal_entity_code = 'US'"
    more = {"variable": BOOKS["variable"], "about": ["gate"], "min_severity": "S4"}
    alerts.tell(published(tmp_path, closed, channels=[VARIABLE, more], about=["stale", "gate"]))
    closed_over = [title for title in titles(books, "/books") if "hard closed although" in title]
    assert closed_over and not set(closed_over) & set(titles(books))
    assert [title for title in titles(books) if "stale" in title]
    assert not [title for title in titles(books, "/books") if "stale" in title]


def test_a_finding_that_gets_another_owner_is_told_to_both_of_them(tmp_path, books):
    """The former owner would go on working it, and the new one would not know."""
    theirs = {"variable": VARIABLE, "owners": ["AR"]}
    alerts.tell(published(tmp_path, channels=[theirs, BOOKS], about=["stale"]))
    moved = LATER + "update marts.source_health set owner_role = 'GL' where is_stale"
    settings = published(tmp_path, moved, number=2, channels=[theirs, BOOKS], about=["stale"])
    assert alerts.tell(settings).sent == 2
    assert titles(books) == [
        "Borealis S1: Source erp (erp) is stale",
        "Borealis S1: Changed: Source erp (erp) is stale",
    ]
    assert "Who acts: GL, told before: AR" in books.to("/hook")[1].json()["message"]
    assert titles(books, "/books") == ["Borealis S1: Source erp (erp) is stale"]
    assert alerts.tell(settings) == alerts.Report(0, ())


def test_a_preview_shows_each_channel_its_own_and_what_none_would_hear(tmp_path: Path):
    file = snapshots.write(tmp_path)
    with file.open("a") as text:
        text.write("alerts: {channels: [{variable: TAX, owners: [Tax]}, {variable: BOOKS, owners: [GL]}]}\n")
    ran = tieout("alerts", "preview", "--config", file)
    assert ran.code == 0
    assert "TAX: 0 messages" in ran.out
    assert "Who acts: GL" in ran.out and "Who acts: AR" not in ran.out
    assert "alerts: no channel hears of" in ran.out
