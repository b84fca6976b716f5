"""A run as others see it: traced, and told as lineage, where tieout.yml says so. Works for the command and the UI."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from dagster_project.observability import lineage_events, telemetry
from dagster_project.observability.telemetry import Outcome
from dagster_project.settings import Settings

_INTERRUPTS = frozenset({"DagsterExecutionInterruptedError", "KeyboardInterrupt"})


@contextmanager
def observed(settings: Settings, context: dg.InitResourceContext) -> Iterator[None]:
    """Observes the run of the context from its first step to its last; changes nothing about it."""
    run, instance = context.run, context.instance
    if run is None or instance is None:
        yield
        return

    def outcome() -> Outcome:
        return outcome_of(instance, run.run_id)

    with (
        lineage_events.told(settings, run.run_id, run.job_name, outcome),
        telemetry.tracing(settings, run.run_id, run.job_name, outcome),
    ):
        yield


def published(path: Path) -> None:
    """Notes the snapshot that the run has just published."""
    telemetry.measure(path)
    lineage_events.published(path)


def outcome_of(instance: dg.DagsterInstance, run_id: str) -> Outcome:
    """What has become of a run whose steps have all ended, from the steps that failed."""
    failed = instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    names = set()
    for record in failed:
        error = record.get_dagster_event().step_failure_data.error
        while error is not None:
            names.add(str(error.cls_name))
            error = error.cause
    if names & _INTERRUPTS:
        return "interrupted"
    return "failed" if failed else "completed"
