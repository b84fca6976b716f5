"""Whether the user asked to stop, whatever has become of the exception that said so."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_STOP = frozenset({signal.SIGINT, signal.SIGTERM})


@contextmanager
def heard() -> Iterator[Callable[[], bool]]:
    """Gives a function that says whether Ctrl-C or SIGTERM came within the context.

    DuckDB makes an error of its own of the exception that a signal raises, and one raised while things are put away
    hides it. Only the main thread hears signals; any other is told of none.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    reads, writes = os.pipe()
    os.set_blocking(reads, False)
    os.set_blocking(writes, False)
    before = signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
    came: set[int] = set()

    def asked() -> bool:
        with suppress(BlockingIOError):
            came.update(os.read(reads, 1024))
        return bool(came & _STOP)

    try:
        yield asked
    finally:
        signal.set_wakeup_fd(before)
        os.close(reads)
        os.close(writes)
