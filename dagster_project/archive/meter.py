"""How far a large delivery has come on its way into the archive: bytes, rate and time left, for whoever watches."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import duckdb

LARGE = 1 << 26
"""Bytes from which somebody waits long enough to ask."""

TICK_SECONDS = 1.0
_SHARES = {
    "csv": {"scan": 3, "load": 37, "check": 39, "measure": 3, "write": 77},
    "jsonl": {"scan": 3, "load": 26, "extract": 53, "check": 26, "measure": 2, "write": 30},
    "parquet": {"extract": 20, "check": 39, "measure": 3, "write": 77},
}
"""What each step costs, measured: the time left is told from it."""


class Tell(Protocol):
    """Hears where the work is, in words, and `done` of `total` where that is known."""

    def __call__(self, words: str, done: int = 0, total: int = 0) -> None: ...


class Meter:
    """The steps of one delivery of `size` bytes; a thread of its own tells, so that no step waits for it."""

    def __init__(self, name: str, size: int, format: str, con: duckdb.DuckDBPyConnection) -> None:
        self._name, self._size, self._con = name, size, con
        self._shares = _SHARES[format]
        self._step = next(iter(self._shares))
        self._read = 0
        self._left_over = -1.0
        self._furthest = 0.0
        self._began = time.monotonic()

    def enter(self, step: str) -> None:
        """A step begins; one that the format has not is part of the one before."""
        if step in self._shares:
            self._step, self._read = step, 0
            self._left_over = self._con.query_progress()  # of the last query, until the next one begins

    def heard(self, count: int) -> None:
        """So many more bytes were read in the step."""
        self._read += count

    def words(self) -> tuple[str, int]:
        """`product/usage_events/u.csv: 1.2 of 20.2 GB, 14 MB/s, 21 min left`, and the per cent that are done."""
        done = self._fraction()
        seconds = max(time.monotonic() - self._began, 1e-3)
        amount = f"{done * self._size / 1e9:.1f} of {self._size / 1e9:.1f} GB"
        left = f", {_in_words(seconds * (1 - done) / done)} left" if done > 0 else ""
        return f"{self._name}: {amount}, {done * self._size / seconds / 1e6:.0f} MB/s{left}", int(100 * done)

    def _fraction(self) -> float:
        steps = list(self._shares)
        before = sum(self._shares[step] for step in steps[: steps.index(self._step)])
        now = before + self._shares[self._step] * self._within()
        self._furthest = max(self._furthest, now / sum(self._shares.values()))
        return self._furthest

    def _within(self) -> float:
        if self._step in ("scan", "load"):
            return min(self._read / self._size, 1)
        progress = self._con.query_progress()
        return 0 if progress == self._left_over else max(progress, 0) / 100


class _Silent(Meter):
    """Counts nothing."""

    def __init__(self) -> None:
        pass

    def enter(self, step: str) -> None:
        pass

    def heard(self, count: int) -> None:
        pass


SILENT: Meter = _Silent()


@contextmanager
def metering(name: str, size: int, format: str, con: duckdb.DuckDBPyConnection, tell: Tell | None) -> Iterator[Meter]:
    """A meter that tells once a second while the context lasts; a silent one where the delivery is small."""
    if tell is None or size < LARGE:
        yield SILENT
        return
    meter, ended = Meter(name, size, format, con), threading.Event()

    def telling() -> None:
        while not ended.wait(TICK_SECONDS):
            words, percent = meter.words()
            tell(words, percent, 100)

    thread = threading.Thread(target=telling, name="meter", daemon=True)
    thread.start()
    try:
        yield meter
    finally:
        ended.set()
        thread.join()


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
