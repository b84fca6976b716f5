"""What a process is killed in. Imported before it is forked, so that a kill never falls into an import."""

from __future__ import annotations

from pathlib import Path

from dagster_project import archive, evidence, publish, warehouse
from dagster_project.defs import published
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
