"""The archive: every delivery as received, its rows as Parquet, what was rejected, and a chain of manifests."""

from dagster_project.archive.ingest import ingest
from dagster_project.archive.lock import HomeInUse, exclusive
from dagster_project.archive.report import BatchReport, IngestReport, ObjectReport

__all__ = ["BatchReport", "HomeInUse", "IngestReport", "ObjectReport", "exclusive", "ingest"]
