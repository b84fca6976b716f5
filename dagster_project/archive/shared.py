"""One machine at a time for an archive that several homes may write to: two would both append the same link.

The home's own lock ends with its process; a file in the archive does not. So it names its home, and a home whose run
was killed takes it over: the home's lock, which it holds by then, shows that the run has ended.
"""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from dagster_project.archive.files import replacing
from dagster_project.archive.storage import Storage, read, storage_of
from dagster_project.errors import StoreError
from dagster_project.settings import Settings

LOCK = "lock.json"
_PAUSE_SECONDS = 0.5


class ArchiveInUse(StoreError):
    """A run of another home works on this archive."""


@contextmanager
def held(settings: Settings, wait_seconds: float = 0) -> Iterator[None]:
    """Holds the archive's lock while the context lasts, where the archive is not in the home itself.

    Raises ArchiveInUse when another home holds it after `wait_seconds`. The home's lock must be held.
    """
    if settings.archive.url is None:
        yield
        return
    storage, home = storage_of(settings), _identity(settings)
    _acquire(storage, home, wait_seconds)
    try:
        yield
    finally:
        with suppress(StoreError):  # the next run of this home takes it over
            storage.delete(LOCK)


def release(settings: Settings) -> str | None:
    """Removes the lock of a run that a person knows to be dead; who held it, in words, None where nobody did."""
    storage = storage_of(settings)
    content = read(storage, LOCK)
    if content is None:
        return None
    storage.delete(LOCK)
    return _holder(content)


def _acquire(storage: Storage, home: str, wait_seconds: float) -> None:
    until = time.monotonic() + wait_seconds
    mine = {"home": home, "host": socket.gethostname(), "process": os.getpid(), "since": datetime.now(UTC).isoformat()}
    while not storage.create(LOCK, (json.dumps(mine, indent=1) + "\n").encode()):
        content = read(storage, LOCK)
        if content is None:
            continue
        if _home(content) == home:
            return
        if time.monotonic() >= until:
            raise ArchiveInUse(
                f"{storage.place}: in use by {_holder(content)}; wait until it has ended, or if it is dead give"
                " `tieout archive unlock`"
            )
        time.sleep(_PAUSE_SECONDS)
    if storage.create(LOCK, b"{}\n"):
        storage.delete(LOCK)
        raise StoreError(
            f"{storage.place}: this storage writes over what is there although told not to (If-None-Match), so that two"
            " machines could both write the same link; use one that heeds it, as S3 and GCS do"
        )


def _identity(settings: Settings) -> str:
    """A name for this home that no other has; kept in it."""
    path = settings.home / "identity"
    if not path.exists():
        with replacing(path) as scratch:
            scratch.write_text(f"{uuid.uuid4()}\n", encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()


def _home(content: bytes) -> str | None:
    with suppress(ValueError, AttributeError):
        return json.loads(content).get("home")
    return None


def _holder(content: bytes) -> str:
    try:
        lock = json.loads(content)
        return f"process {lock['process']} on {lock['host']} since {lock['since']}"
    except (ValueError, KeyError, TypeError):
        return "a run that did not finish writing its lock"
