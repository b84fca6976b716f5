"""Runs work in a process of its own that may die: by its own hand at a write boundary, or by ours at a moment."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from dagster_project.errors import TieoutError
from tests.faults.boundaries import Boundaries, Fault

Work = Callable[[Path], None]
PATIENCE_SECONDS = 120

# One process imports everything, and each victim is forked from it: a kill costs the work and not the imports.
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.faults.victims"])


@dataclass(frozen=True)
class Ending:
    """How a victim ended: killed or not, the write boundaries it passed, the words of its fault, seconds."""

    was_killed: bool
    passed: tuple[str, ...]
    words: str
    seconds: float


def run(work: Work, folder: Path, at: int | None = None, fault: Fault = "kill") -> Ending:
    """Runs `work(folder)`; strikes at write boundary `at`, counted from 0."""
    process, ours = _started(work, folder, at, fault)
    return _ending(process, ours)


def kill_after(work: Work, folder: Path, seconds: float) -> Ending:
    """Runs `work(folder)` and kills it so long after it began."""
    process, ours = _started(work, folder, None, "kill")
    assert ours.recv() == "began"
    time.sleep(seconds)
    with suppress(ProcessLookupError):  # it came to its end before
        os.kill(process.pid or 0, signal.SIGKILL)
    return _ending(process, ours)


def words_of(work: Work, folder: Path) -> str:
    """Does the work; returns the words of its fault, empty when it came to its end."""
    try:
        work(folder)
    except TieoutError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - the test tells where it was
        return f"not in words: {type(error).__name__}: {error}"
    return ""


def _started(work: Work, folder: Path, at: int | None, fault: Fault):
    ours, theirs = _forks.Pipe(duplex=False)
    process = _forks.Process(target=_live, args=(work, folder, at, fault, theirs))
    with _without_main():
        process.start()
    theirs.close()
    return process, ours


@contextmanager
def _without_main() -> Iterator[None]:
    """A victim runs the main module of its parent again, and a test of a page leaves its page there."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _live(work: Work, folder: Path, at: int | None, fault: Fault, pipe) -> None:
    boundaries = Boundaries(f"{folder}{os.sep}", at, fault)
    boundaries.watch()
    gc.disable()  # it would copy all that the fork shares
    pipe.send("began")
    began = time.monotonic()
    words = words_of(work, folder)
    pipe.send((tuple(boundaries.passed), words, time.monotonic() - began))
    pipe.close()
    os._exit(0)  # what is open stays open: the end of the process is no part of the work


def _ending(process, pipe) -> Ending:
    told: tuple = ((), "", 0.0)
    try:
        while pipe.poll(PATIENCE_SECONDS):
            message = pipe.recv()
            told = told if message == "began" else message
    except EOFError:
        pass
    process.join(PATIENCE_SECONDS)
    assert process.exitcode in (0, -signal.SIGKILL), f"the process ended with {process.exitcode}: see its traceback"
    return Ending(process.exitcode != 0, *told)
