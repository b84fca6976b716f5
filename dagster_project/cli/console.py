"""Where the commands write: results on standard output, progress and complaints on standard error."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

_UNATTENDED_WIDTH = 140


def _console(stderr: bool = False) -> Console:
    """A terminal keeps its width; a file or a pipe gets one that holds the widest table unbroken."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _UNATTENDED_WIDTH
    return console


def shown(path: Path) -> str:
    """A path as a reader can copy it: relative to where the command was given, where that is shorter."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(str(path)) else str(path)


def command() -> str:
    """The command as the reader can give it again: `tieout` where it is on the path, else where this one lies."""
    return "tieout" if shutil.which("tieout") else shown(Path(sys.argv[0]).absolute())


out = _console()
err = _console(stderr=True)

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="The configuration; default $TIEOUT_CONFIG, else ./tieout.yml.", show_default=False
    ),
]


def complain(message: str) -> None:
    """One fault in plain words; paths and values are printed as they are, not as markup."""
    err.print("tieout: ", style="bold red", end="")
    err.print(message, markup=False, soft_wrap=True)
