"""What a process is killed in. Imported before it is forked, so that a kill never falls into an import."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from dagster_project import archive, dagster_home, evidence, pipeline, publish, warehouse
from dagster_project.defs import periods, published
from dagster_project.settings import load
from dagster_project.sources.contracts import load_contracts
from tests.ingestion.company import NOW

load_contracts()  # kept in memory from here on


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


@dg.asset
def nothing() -> None:
    """The smallest work that a run can be about."""


def record_a_run(folder: Path) -> None:
    """What a run writes into the history, with next to no work in it."""
    settings = load(folder / "tieout.yml")
    tags = {pipeline.PROCESS_TAG: str(os.getpid())}
    with archive.exclusive(settings), dagster_home.opened(dagster_home.prepare(settings)) as instance:
        pipeline.end_abandoned(instance)
        periods.register(instance, ["2026-09"])
        job = dg.Definitions([nothing], jobs=[dg.define_asset_job("all")]).resolve_job_def("all")
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        assert job.execute_in_process(instance=instance, tags=tags, run_config=quiet).success
