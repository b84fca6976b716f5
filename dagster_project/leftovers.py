"""What killed processes leave half-written: no reader sees it, and whoever writes there next removes it.

Scratch lies beside what it becomes, named `.<name>.<process>.tmp`. A database in use keeps `.wal` and `tmp` of its own.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from dagster_project.settings import Settings

_SCRATCH = re.compile(r"\..+\.(\d+)\.tmp")


def scratch_of(path: Path) -> Path:
    """Where this process writes what shall become `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def clear_home(settings: Settings) -> None:
    """Removes the scratch of processes that are no more from the home, and what databases spilled; under its lock."""
    for spilled in (settings.archive_path / "tmp", settings.warehouse_path.parent / "tmp"):
        shutil.rmtree(spilled, ignore_errors=True)
    clear(settings.archive_path.rglob(".*.tmp"))
    clear((settings.home / "dagster").glob(".*.tmp"))


def clear(found: Iterable[Path]) -> None:
    """Removes those of the paths that are scratch of a process that is no more: a living one is still writing.

    What cannot be removed stays; the writing that follows will say why.
    """
    for path in list(found):
        match = _SCRATCH.fullmatch(path.name)
        if match and not _is_alive(int(match[1])):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):
                    path.unlink()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
