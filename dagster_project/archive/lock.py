"""One run at a time per home: two would both append to the chain, and one delivery would be lost from it."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster_project import leftovers
from dagster_project.archive import shared
from dagster_project.archive.engine import store_faults
from dagster_project.errors import StoreError
from dagster_project.settings import Settings

_held: dict[Path, int] = {}
_threads = threading.RLock()
_PAUSE_SECONDS = 0.2


class HomeInUse(StoreError):
    """Another run works in this home."""


@contextmanager
def exclusive(settings: Settings, wait_seconds: float = 0) -> Iterator[None]:
    """Holds `<home>/lock` while the context lasts; HomeInUse when another process holds it after `wait_seconds`.

    An archive outside of the home is held as well (see archive.shared).

    May be entered again within one thread. The system releases the lock of a process that is killed; what it left
    half-written is removed first.
    """
    path = settings.home / "lock"
    with _threads:
        if _held.get(path):
            _held[path] += 1
            try:
                yield
            finally:
                _held[path] -= 1
            return
        with store_faults(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            with store_faults(path):
                was_killed = _acquire(descriptor, path, wait_seconds)
            _held[path] = 1
            try:
                if was_killed:
                    leftovers.clear_home(settings)
                with shared.held(settings, wait_seconds):
                    yield
            finally:
                _held[path] = 0
                os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)


def _acquire(descriptor: int, path: Path, wait_seconds: float) -> bool:
    """Whether the holder before was killed: the lock still names it."""
    until = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
                raise HomeInUse(
                    f"{path.parent}: another run (process {holder}) is at work here; wait until it has ended"
                ) from None
            time.sleep(_PAUSE_SECONDS)
        else:
            was_killed = os.fstat(descriptor).st_size > 0
            os.ftruncate(descriptor, os.pwrite(descriptor, str(os.getpid()).encode(), 0))  # at no moment empty
            return was_killed
