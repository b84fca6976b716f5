"""`tieout`: one module per command. Exit codes: 0 clean, 1 breaks found, 2 wrong input or configuration,
3 a source or store failed, 130 interrupted.

Nothing is imported here but what hears a stop: until the commands are imported, one would be a traceback or no word.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType

INTERRUPTED = 130
INTERRUPTED_WORDS = "interrupted; nothing half-done is visible, run the same command again"
_Handler = Callable[[int, FrameType | None], object]


def main() -> None:
    """Entry point: Ctrl-C and SIGTERM end with one line and 130 from the first moment on."""
    _on_stop(_end_at_once)
    from dagster_project.cli import commands

    _on_stop(signal.default_int_handler)
    commands.execute()


def _on_stop(handler: _Handler) -> None:
    for one in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(one) is not signal.SIG_IGN:  # as a script does for what it runs in the background
            signal.signal(one, handler)


def _end_at_once(number: int, frame: FrameType | None) -> None:
    """An exception would end in whatever is being imported; nothing has begun yet that would have to be put away."""
    os.write(2, f"tieout: {INTERRUPTED_WORDS}\n".encode())
    os._exit(INTERRUPTED)
