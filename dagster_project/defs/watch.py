"""Whether landing files are new or changed since somebody last looked, by path, size and time: cheap every minute."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from dagster_project.connections import FilesConnector
from dagster_project.settings import Settings


@dataclass(frozen=True)
class Change:
    """The state of the landing files after a change; `cursor` names it, so that one state asks for one run."""

    cursor: str
    files: int


def changes(settings: Settings, cursor: str | None) -> Change | None:
    """The new state when it differs from the one that `cursor` names; None when nothing changed or nothing is there."""
    seen = sorted(listing(settings))
    state = hashlib.sha256(repr(seen).encode()).hexdigest()
    return Change(state, len(seen)) if seen and state != cursor else None


def listing(settings: Settings) -> list[tuple[str, str, int, int]]:
    """(source, path below its connector's, bytes, modified ns) of every landing file that can be seen."""
    files = []
    for source in settings.sources:
        if not isinstance(source.connector, FilesConnector):
            continue  # what an interface or a database holds is seen by asking it: that is a pull, not a look
        root = source.connector.path
        for file in root.rglob("*") if root.is_dir() else []:
            if file.is_file() and not file.name.startswith("."):
                facts = file.stat()
                files.append((source.name, file.relative_to(root).as_posix(), facts.st_size, facts.st_mtime_ns))
    return files
