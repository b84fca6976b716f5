"""What `tieout dagster` makes sure of before it serves: a free port, and no other daemon over the home."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from dagster_project.archive.engine import store_faults
from dagster_project.errors import InputError
from dagster_project.settings import Settings


@contextmanager
def only_daemon(settings: Settings) -> Iterator[int]:
    """Holds `<home>/daemon.lock`, and gives the descriptor that the serving process inherits: a daemon whose command
    was killed still holds the home. Raises InputError when another has it, StoreError when it cannot be written."""
    path = settings.home / "daemon.lock"
    with store_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            raise InputError(
                f"{settings.home}: `tieout dagster` (process {holder}) already serves this home; use that one, or"
                " end it first: two daemons would each begin what is queued and scheduled"
            ) from None
        with store_faults(path):
            os.ftruncate(descriptor, os.pwrite(descriptor, str(os.getpid()).encode(), 0))
        yield descriptor
    finally:
        os.close(descriptor)


def require_free(port: int) -> None:
    """Raises InputError when nothing can be served on the port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise InputError(f"port {port} cannot be used ({error}); choose another with --port") from None
