"""A run told as OpenLineage events: what it read, what it wrote, and how it ended. Off without `openlineage:`.

Run ids are the run's own. What goes out are names, columns, counts and hashes of deliveries; no row, amount or value.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster_project.observability.telemetry import Outcome
from dagster_project.settings import Settings

_log = logging.getLogger("tieout.openlineage")
_published: list[Path] = []
"""What the run that is being told has published, last one last; empty before."""


@contextmanager
def told(settings: Settings, run_id: str, job: str, outcome: Callable[[], Outcome]) -> Iterator[None]:
    """Tells the start of a run and, when the context ends, what became of it. Never raises of itself."""
    if settings.openlineage.transport is None:
        yield
        return
    _published.clear()
    with _harmless(settings, "that the run began"):
        from dagster_project.observability import lineage_run

        lineage_run.begin(settings, run_id, job)
    try:
        yield
    finally:
        with _harmless(settings, "how the run ended"):
            from dagster_project.observability import lineage_run

            lineage_run.end(settings, run_id, job, outcome(), _published[-1] if _published else None)


def published(path: Path) -> None:
    """Notes what the run has published, for its last event."""
    _published.append(path)


@contextmanager
def _harmless(settings: Settings, what: str) -> Iterator[None]:
    """Whatever the receiver or the client does, the close goes on; the log says what is missing, without an address."""
    try:
        yield
    except ImportError:
        _log.warning("lineage events: %s was not told: install tieout[lineage]", what)
    except Exception as error:  # noqa: BLE001 - no lineage event is worth a close
        where = f"the {settings.openlineage.transport} transport did not take it"
        _log.warning("lineage events: %s was not told: %s (%s)", what, where, type(error).__name__)
