"""Were a warning or a result of dbt not told, a failed test would look like one that passed."""

from __future__ import annotations

from typing import Any

from dbt_common.events.base_types import EventLevel
from dbt_common.events.event_manager_client import add_callback_to_manager, get_event_manager
from dbt_common.events.functions import fire_event
from dbt_common.events.types import Note

from dagster_project.dbt.told import without_debug


def test_everything_but_debug_is_told_while_it_builds_and_everything_afterwards() -> None:
    heard: list[tuple[str, str]] = []

    def hear(message: Any) -> None:
        heard.append((message.info.level, message.data.msg))

    before = get_event_manager()
    with without_debug():
        add_callback_to_manager(hear)
        for level in (None, *EventLevel):
            fire_event(Note(msg=str(level and level.value)), level=level)
    assert get_event_manager() is before
    assert heard == [("info", "None"), ("test", "test"), ("info", "info"), ("warn", "warn"), ("error", "error")]


def test_a_failed_build_leaves_dbt_as_it_was() -> None:
    before = get_event_manager()
    try:
        with without_debug():
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert get_event_manager() is before
