"""One process, measured: what it took on the clock and of the processors, and the most memory that it held."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TIEOUT = (sys.executable, "-c", "from dagster_project.cli import main; main()")


@dataclass(frozen=True)
class Measured:
    """`seconds` on the clock, `processor_seconds` of all threads and children, `peak_bytes` of the largest process."""

    seconds: float
    processor_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Result:
    """One case: `rows` are those it deals with, `floor` the plainest DuckDB that reads the same, in the same run."""

    case: str
    question: str
    rows: int
    measured: Measured
    floor: Measured | None = None
    details: dict[str, Any] = field(default_factory=dict)


class Failed(Exception):
    """A command that is measured did not do its work; a time of it would mean nothing."""


def module(name: str, *arguments: object) -> list[str]:
    """The command that runs a module of this package."""
    return [sys.executable, "-m", f"tests.benchmarks.{name}", *map(str, arguments)]


def measure(command: Sequence[str], good: Sequence[int] = (0,)) -> tuple[Measured, str, str]:
    """Runs the command from the repository's root; gives its figures, standard output and standard error.

    Raises Failed when it ends with a code that is not `good`. A small process in between starts and measures it: the
    system counts the memory of whoever starts a process as held by that process.
    """
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        ran = subprocess.run(
            [*module("measured", file.name), *command],
            cwd=ROOT,
            env={**os.environ, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode not in good:
            raise Failed(f"{' '.join(command[-6:])} ended with {ran.returncode}:\n{(ran.stdout + ran.stderr)[-2000:]}")
        return Measured(**json.load(file)), ran.stdout, ran.stderr


def main() -> None:
    """Starts the command that follows the name of a file, waits for it, and writes there what it used."""
    file, *command = sys.argv[1:]
    began = time.monotonic()
    process = os.spawnv(os.P_NOWAIT, command[0], command)
    _, status, used = os.wait4(process, 0)
    found = Measured(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)
    Path(file).write_text(json.dumps(vars(found)), encoding="utf-8")
    raise SystemExit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
