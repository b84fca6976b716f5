"""Who may work in a home beside whom: two writers would lose a delivery, and a pack beside a writer would be of two states."""

from __future__ import annotations

import threading

import pytest

from dagster_project.archive import HomeInUse, exclusive
from dagster_project.archive.lock import reading
from tests.ingestion.company import company


@pytest.fixture
def settings(tmp_path):
    return company(tmp_path).settings


def test_readers_go_together_and_a_writer_waits_for_both(settings):
    with (
        reading(settings),
        reading(settings),
        pytest.raises(HomeInUse, match="one that only reads"),
        exclusive(settings),
    ):
        pass
    with exclusive(settings):
        pass


def test_a_reader_does_not_begin_beside_a_writer(settings):
    with exclusive(settings), pytest.raises(HomeInUse, match=r"another run \(process"), reading(settings):
        pass


def test_who_waits_is_told_once_for_whom_and_then_has_the_home(settings):
    """A run that the queue began while a command replays must not be lost, nor seem to hang."""
    heard: list[str] = []
    is_held, may_end = threading.Event(), threading.Event()

    def write() -> None:
        with exclusive(settings):
            is_held.set()
            may_end.wait(60)

    def hear(words: str) -> None:
        heard.append(words)
        may_end.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert is_held.wait(60)
    with reading(settings, 60, hear):
        pass
    writer.join()
    (words,) = heard
    assert words.endswith("is at work here; this one waits for it, at most 60 s")


def test_what_a_killed_writer_left_is_cleared_by_the_next_writer_and_not_by_a_reader(settings):
    """The lock names the killed one until somebody has cleared: a reader that forgot it would leave half a table."""
    spilled = settings.archive_path / "tmp" / "spilled"
    spilled.parent.mkdir(parents=True)
    spilled.touch()
    (settings.home / "lock").write_text("999999999", encoding="utf-8")
    with reading(settings):
        pass
    assert spilled.exists()
    with exclusive(settings):
        assert not spilled.exists()
