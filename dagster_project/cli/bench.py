"""`tieout bench`: measures closes of companies of any size on this machine, beside the plainest DuckDB."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from dagster_project.errors import InputError
from dagster_project.settings import PROJECT_ROOT

CASES = ("floor", "whole", "rerun", "increment", "late", "later", "evidence", "pages", "fixed", "matching", "compare")


def register(app: typer.Typer) -> None:
    @app.command()
    def bench(
        case: Annotated[
            list[str] | None,
            typer.Option("--case", help=f"One of {', '.join(CASES)}; several times for several; default all."),
        ] = None,
        events: Annotated[
            int,
            typer.Option("--events", min=1000, help="Usage events; a thousandth as many documents."),
        ] = 1_000_000,
        folder: Annotated[
            Path | None,
            typer.Option(help="Where company and home lie meanwhile; default the system's.", show_default=False),
        ] = None,
        json: Annotated[
            Path | None, typer.Option(help="Write the figures here as well, as JSON.", show_default=False)
        ] = None,
    ) -> None:
        """Measure closes, pages, packs, matching, comparing: seconds, ratio to plain DuckDB, memory, rows a second."""
        unknown = sorted(set(case or ()) - set(CASES))
        if unknown:
            raise InputError(f"--case {unknown[0]}: expected one of {', '.join(CASES)}")
        if not (PROJECT_ROOT / "tests" / "benchmarks").is_dir():
            raise InputError(f"{PROJECT_ROOT / 'tests' / 'benchmarks'}: not there; benchmarks run from a clone")
        if folder is not None and not folder.is_dir():
            raise InputError(f"--folder {folder}: no such folder")
        command = [sys.executable, "-m", "tests.benchmarks", "--events", str(events)]
        command += [part for one in case or () for part in ("--case", one)]
        for option, path in (("--folder", folder), ("--json", json)):
            command += [option, str(path.absolute())] if path is not None else []
        raise typer.Exit(subprocess.run(command, cwd=PROJECT_ROOT, check=False).returncode)
