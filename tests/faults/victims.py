"""What a process is killed in. Imported before it is forked, so that a kill never falls into an import."""

from __future__ import annotations

from pathlib import Path

from dagster_project import archive, warehouse
from dagster_project.settings import load
from dagster_project.sources.contracts import load_contracts
from tests.ingestion.company import NOW

load_contracts()  # kept in memory from here on


def take(folder: Path) -> None:
    """One ingestion of everything that waits, landed."""
    settings = load(folder / "tieout.yml")
    archive.ingest(settings, now=NOW)
    warehouse.land(settings, as_of=NOW)
