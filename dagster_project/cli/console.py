"""Where the commands write: results on standard output, progress and complaints on standard error."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)

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
