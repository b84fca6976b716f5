"""Spans and measures of a run for whoever collects them. Where no collector is configured nothing happens, and nothing
of OpenTelemetry is imported.

One id joins everything from connector to mart: the trace id of a run is its run id, which stands in the name of its log
folder, in `quality.boundary_results` and in the Dagster UI; a delivery's span carries the `batch_id` of `landed.*`.

What goes out are counts, times, and names that the configuration and this project give: sources, objects, models,
controls. Never amounts, records, values, file names, paths, or the words of an error, which may hold any of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from dagster_project import progress
from dagster_project.settings import Settings

if TYPE_CHECKING:
    from dagster_project.observability.collector import Tracing

Outcome = Literal["completed", "failed", "interrupted"]
Attribute = str | int | bool
_log = logging.getLogger("tieout.telemetry")
_tracing: Tracing | None = None


class Span(Protocol):
    """A span that is open."""

    def note(self, **attributes: Attribute) -> None:
        """Adds attributes, each as `tieout.<name>`."""


class _Nothing:
    def note(self, **attributes: Attribute) -> None:
        pass


@contextmanager
def tracing(settings: Settings, run_id: str, job: str, outcome: Callable[[], Outcome]) -> Iterator[None]:
    """Traces what happens in the context as one run; `outcome` is asked when it ends. Never raises of itself."""
    global _tracing
    if not settings.has_telemetry:
        yield
        return
    with _harmless("telemetry is off for this run"):
        from dagster_project.observability.collector import Tracing, exporters

        _tracing = Tracing(run_id, job, *exporters(settings))
    try:
        if _tracing is None:
            yield
        else:
            with progress.listening(_tracing.hear):
                yield
    finally:
        ended, _tracing = _tracing, None
        if ended is not None:
            with _harmless("telemetry of this run is not complete"):
                ended.end(outcome())


@contextmanager
def span(name: str, **attributes: Attribute) -> Iterator[Span]:
    """A span of what happens in the context, below the stage at work; an error marks it with its class, no words."""
    if _tracing is None:
        yield _Nothing()
        return
    with _tracing.span(name, attributes) as opened:
        yield opened


def node(event: Mapping[str, Any], nodes: Mapping[str, Any]) -> None:
    """A span of a model, seed or test that dbt has just finished, from its result event and the manifest's nodes."""
    if _tracing is None:
        return
    with _harmless("a model is missing in the trace"):
        info = event["data"]["node_info"]
        known = nodes.get(info["unique_id"], {})
        code = (known.get("config", {}).get("meta") or {}).get("code")
        kind = str(info["resource_type"])
        _tracing.past(
            f"{'control' if code else kind} {code or info['node_name']}",
            datetime.fromisoformat(info["node_started_at"]),
            datetime.fromisoformat(info["node_finished_at"]),
            is_good=str(info["node_status"]) in ("success", "pass", "warn"),
            attributes={
                "model": str(info["node_name"]),
                "status": str(info["node_status"]),
                **({"control": str(code)} if code else {}),
            },
        )


def measure(published: Path) -> None:
    """Takes the measures of a snapshot that has just been published; they are sent when the run ends."""
    if _tracing is not None:
        with _harmless("the measures of this run are missing"):
            _tracing.measure(published)


@contextmanager
def _harmless(words: str) -> Iterator[None]:
    """Whatever a collector or its library does, the close goes on; the log says what is missing."""
    try:
        yield
    except ImportError:
        _log.warning("%s: OpenTelemetry is not installed; install tieout[telemetry]", words)
    except Exception as error:  # noqa: BLE001 - no telemetry is worth a close
        _log.warning("%s: %s", words, type(error).__name__)
