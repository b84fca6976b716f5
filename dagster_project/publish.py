"""Publishes what a run found: a new read-only DuckDB file, swapped in atomically, so that readers never block a run.

What it holds is copied by `snapshot`, which takes over what did not change since the former one.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb
from pydantic import TypeAdapter, ValidationError

from dagster_project import snapshot, warehouse
from dagster_project.archive.engine import store_faults
from dagster_project.errors import InputError
from dagster_project.settings import Settings
from dagster_project.warehouse import steps

KEPT_SNAPSHOTS = 5
CURRENT = "current.duckdb"
_NAME = re.compile(r"tieout-(\d{6,})\.duckdb")


@dataclass(frozen=True)
class PublishedSnapshot:
    """One published file: its path, size in bytes, and what it holds."""

    path: Path
    bytes: int
    held: snapshot.Held


_KEPT = TypeAdapter(PublishedSnapshot)


def publish(settings: Settings, again: bool = False) -> PublishedSnapshot:
    """Writes the public tables of the warehouse to a new versioned file and points `current.duckdb` at it.

    Not where what is published is of the same books and is what readers see; with `again` it is, and from nothing.
    Raises StoreError when the disk is full or the warehouse is in use; what was published before then stays.
    """

    def is_current(made: str) -> bool:
        path = _KEPT.validate_json(made).path
        return path.exists() and (settings.published_path / CURRENT).resolve() == path.resolve()

    def make() -> str:
        return _KEPT.dump_json(_publish(con, settings, None if again else former)).decode()

    with warehouse.connect(settings) as con:
        former = _former(con, settings)
        judged = warehouse.digests(con, settings.archive_path, ("quality",))
        inputs = steps.fingerprint(con, settings.archive_path, more=judged.values())
        made = steps.once(con, "publish", inputs, make, is_current, again)
    return _KEPT.validate_json(made.json)


def _former(con: duckdb.DuckDBPyConnection, settings: Settings) -> PublishedSnapshot | None:
    """What this home published last, if publishing ended and this program can read what it noted."""
    try:
        made = _KEPT.validate_json(steps.last(con, "publish") or "")
    except ValidationError:
        return None
    return made if made.path.parent == settings.published_path else None


def _publish(con: duckdb.DuckDBPyConnection, settings: Settings, former: PublishedSnapshot | None) -> PublishedSnapshot:
    folder = settings.published_path
    with store_faults(folder):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"tieout-{_next_number(folder):06d}.duckdb"
        scratch = path.with_suffix(".duckdb.tmp")
        scratch.unlink(missing_ok=True)
        upon = (former.path, former.held) if former else None
        held = snapshot.write(con, settings.archive_path, scratch, upon)
        os.replace(scratch, path)
        _point_at(folder, path)
        _drop_old(folder, path)
    return PublishedSnapshot(path, path.stat().st_size, held)


def current(settings: Settings) -> Path:
    """The newest published file, its link resolved; raises InputError that says which command makes one."""
    link = settings.published_path / CURRENT
    if not link.exists():
        raise InputError(f"nothing is published in {settings.published_path}; run `tieout run` first")
    return link.resolve()


def open_current(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A read-only connection to the newest published file."""
    return duckdb.connect(str(current(settings)), read_only=True)


def _next_number(folder: Path) -> int:
    numbers = [int(match[1]) for file in folder.iterdir() if (match := _NAME.fullmatch(file.name))]
    return max(numbers, default=0) + 1


def _point_at(folder: Path, path: Path) -> None:
    link = folder / f".{CURRENT}.tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(path.name)
    os.replace(link, folder / CURRENT)


def _drop_old(folder: Path, newest: Path) -> None:
    """Readers that still hold a dropped file keep reading it: its name is never used again."""
    snapshots = sorted((file for file in folder.iterdir() if _NAME.fullmatch(file.name)), key=lambda file: file.name)
    for file in snapshots[:-KEPT_SNAPSHOTS]:
        if file != newest:
            file.unlink()
