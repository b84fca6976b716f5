"""One run at a time per home: two would both append to the chain, and one delivery would be lost from it.

Runs that only read go together, and never beside one that writes: a pack must not be of two states of the archive.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster_project import leftovers
from dagster_project.archive import shared
from dagster_project.archive.engine import store_faults
from dagster_project.errors import StoreError
from dagster_project.settings import Settings

Tell = Callable[[str], object]
_held: dict[Path, int] = {}
_threads = threading.RLock()
_PAUSE_SECONDS = 0.2


class HomeInUse(StoreError):
    """Another run works in this home."""


@contextmanager
def exclusive(settings: Settings, wait_seconds: float = 0, tell: Tell | None = None) -> Iterator[None]:
    """Holds `<home>/lock` while the context lasts; HomeInUse when another process holds it after `wait_seconds`.

    An archive outside of the home is held as well (see archive.shared). `tell` hears, once, whom it waits for.

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
        with _opened(path) as descriptor:
            with store_faults(path):
                _acquire(descriptor, path, fcntl.LOCK_EX, wait_seconds, tell)
                was_killed = os.fstat(descriptor).st_size > 0  # the holder before: the lock still names it
                os.ftruncate(descriptor, os.pwrite(descriptor, str(os.getpid()).encode(), 0))  # at no moment empty
            _held[path] = 1
            try:
                if was_killed:
                    leftovers.clear_home(settings)
                with shared.held(settings, wait_seconds):
                    yield
            finally:
                _held[path] = 0
                os.ftruncate(descriptor, 0)


@contextmanager
def reading(settings: Settings, wait_seconds: float = 0, tell: Tell | None = None) -> Iterator[None]:
    """Keeps writers away from the home while the context lasts, beside others that read; HomeInUse as `exclusive`."""
    path = settings.home / "lock"
    with _opened(path) as descriptor:
        with store_faults(path):
            _acquire(descriptor, path, fcntl.LOCK_SH, wait_seconds, tell)
        yield


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    with store_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, mode: int, wait_seconds: float, tell: Tell | None) -> None:
    until = time.monotonic() + wait_seconds
    is_told = False
    while True:
        try:
            fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            who = f"process {holder}" if holder else "one that only reads"
            words = f"{path.parent}: another run ({who}) is at work here"
            if time.monotonic() >= until:
                raise HomeInUse(f"{words}; wait until it has ended") from None
            if tell is not None and not is_told:
                tell(f"{words}; this one waits for it, at most {wait_seconds:g} s")
                is_told = True
            time.sleep(_PAUSE_SECONDS)
        else:
            return
