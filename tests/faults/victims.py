"""What a process is killed in. Imported before it is forked, so that a kill never falls into an import."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import dagster as dg
import pyarrow.dataset  # noqa: F401 - DuckDB imports it at the first table that is given to it

from dagster_project import archive, dagster_home, evidence, pipeline, publish, warehouse
from dagster_project.defs import periods, published
from dagster_project.settings import load
from dagster_project.sources.contracts import domain_contracts, load_contracts
from tests.ingestion.company import NOW

# Done once, before the forks: what is read here, and every import, would else be repeated for each kill.
domain_contracts()
load_contracts()


def take(folder: Path) -> None:
    """One ingestion of everything that waits, landed."""
    settings = load(folder / "tieout.yml")
    archive.ingest(settings, now=NOW)
    warehouse.land(settings, as_of=NOW)


def publish_and_give_evidence(folder: Path) -> None:
    """What follows the controls: the snapshot, when each break was first seen, and the pack of the period."""
    settings = load(folder / "tieout.yml")
    with archive.exclusive(settings):
        publish.publish(settings)
        published.remember(settings)
        evidence.write_pack(settings)


def record_a_run(folder: Path) -> None:
    """What a run writes into the history, without its work."""
    settings = load(folder / "tieout.yml")
    tags = {pipeline.PROCESS_TAG: str(os.getpid())}
    with archive.exclusive(settings), dagster_home.opened(dagster_home.prepare(settings)) as instance:
        pipeline.end_abandoned(instance)
        periods.register(instance, ["2026-09"])
        run = dg.DagsterRun("close", run_id=str(uuid.uuid4()), status=dg.DagsterRunStatus.STARTED, tags=tags)
        instance.add_run(run)
        instance.report_engine_event("at work", run)
        instance.report_run_failed(run, "this run had no work to do")
