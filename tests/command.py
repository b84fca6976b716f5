"""The command as a user runs it: a process of its own, judged by what it prints and returns."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

COMMAND = [sys.executable, "-c", "from dagster_project.cli import main; main()"]


@dataclass(frozen=True)
class Ran:
    """Exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


def tieout(*arguments: object, cwd: Path | None = None, **environment: str) -> Ran:
    """Runs `tieout` with the arguments and returns what came of it; a traceback is a defect wherever it shows."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "160", "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    ran = Ran(done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in ran.text, ran.text[-4000:]
    return ran
