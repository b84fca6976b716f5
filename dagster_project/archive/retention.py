"""What the archive holds longer than it must, and what a legal hold keeps: a report. Nothing here deletes anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from dagster_project.archive.manifest import Manifest
from dagster_project.settings import Archive


@dataclass(frozen=True)
class Kept:
    """The batches of one object: how many, raw bytes, first and last day received; how many are past retention."""

    source_instance: str
    object: str
    batches: int
    bytes: int
    oldest: date
    newest: date
    past: int
    is_held: bool


def kept(archive: Archive, links: Iterable[Manifest], now: datetime) -> list[Kept]:
    """A row per object, in the order of sources; `past` counts batches received more than `retention_years` ago."""
    batches: dict[tuple[str, str], list[Manifest]] = defaultdict(list)
    for link in links:
        if link.kind == "batch":
            batches[link.source_instance, link.object].append(link)
    limit = ends_before(now, archive.retention_years)
    rows = []
    for (source, name), of_object in sorted(batches.items()):
        days = [link.received_at.date() for link in of_object]
        past = sum(day < limit for day in days)
        held = archive.legal_hold is True or (archive.legal_hold is not False and source in archive.legal_hold)
        size = sum(link.bytes for link in of_object)
        rows.append(Kept(source, name, len(of_object), size, min(days), max(days), past, held))
    return rows


def ends_before(now: datetime, years: int) -> date:
    """What was received before this day has been kept for that many years."""
    try:
        return now.date().replace(year=now.year - years)
    except ValueError:  # 29 February
        return date(now.year - years, 3, 1)
