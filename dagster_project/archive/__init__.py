"""The archive: every delivery as received, its rows as Parquet, what was rejected, and a chain of manifests."""

from typing import TYPE_CHECKING

from dagster_project.lazily import on_demand

if TYPE_CHECKING:
    from dagster_project.archive.ingestion import ingest
    from dagster_project.archive.lock import HomeInUse, exclusive
    from dagster_project.archive.report import BatchReport, IngestReport, ObjectReport

__all__ = ["BatchReport", "HomeInUse", "IngestReport", "ObjectReport", "exclusive", "ingest"]
__getattr__ = on_demand(
    __name__,
    {
        "BatchReport": "report",
        "HomeInUse": "lock",
        "IngestReport": "report",
        "ObjectReport": "report",
        "exclusive": "lock",
        "ingest": "ingestion",
    },
)
