"""What killed runs leave half-written: invisible to every reader, and removed by the next run, or it would add up."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dagster_project.settings import Settings

_OF_PROCESS = re.compile(r"\.(?:.+\.(\d+)\.tmp|writing-(\d+)|\w+\.yaml\.(\d+))")


def clear(settings: Settings) -> None:
    """Removes the scratch files of processes that are no more, and what databases spilled. Call it under the home's
    lock; what cannot be removed stays, for the writing that follows will say why."""
    for spilled in (settings.archive_path / "tmp", settings.warehouse_path.parent / "tmp"):
        shutil.rmtree(spilled, ignore_errors=True)
    for path in list(_scratch(settings)):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def _scratch(settings: Settings) -> Iterator[Path]:
    """A pack may be written while a run is at work, so what a living process writes is left alone."""
    candidates = [settings.archive_path.rglob(".*"), settings.evidence_path.glob(".*")]
    candidates.append((settings.home / "dagster").glob(".*"))
    for path in (path for found in candidates for path in found):
        match = _OF_PROCESS.fullmatch(path.name)
        if match and not _is_alive(int(next(filter(None, match.groups())))):
            yield path


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
