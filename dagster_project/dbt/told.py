"""What of dbt's events is told while it builds: those that its log or a callback of this process takes.

dbt makes a message of each event before it asks whether any log is to have it, also of the ten debug events of a node,
which no log of a build keeps (`manifest.quiet_flags`): a twentieth of the time of a close without rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import ctx_set_event_manager, get_event_manager


@contextmanager
def without_debug() -> Iterator[None]:
    """While it lasts, debug events of dbt are not told."""
    before = get_event_manager()
    ctx_set_event_manager(_Told())
    try:
        yield
    finally:
        ctx_set_event_manager(before)


class _Told(EventManager):
    def fire_event(self, e: BaseEvent, level: EventLevel | None = None, *more: Any, **named: Any) -> None:
        """Tells the event, unless its level is debug."""
        if (level or e.level_tag()) is not EventLevel.DEBUG:
            super().fire_event(e, level, *more, **named)
