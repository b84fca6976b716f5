"""`tieout demo`: the close of the sample company's last period."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from dagster_project import settings as configuration
from dagster_project.errors import InputError
from dagster_project.settings import PROJECT_ROOT

CLEAN, BREAKS = 0, 1
SAMPLE = PROJECT_ROOT / "sample_data" / "aerolith"


def register(app: typer.Typer) -> None:
    @app.command()
    def demo(
        home: Annotated[Path, typer.Option(help="Where to lay the sample company and its close.")] = Path(".demo"),
    ) -> None:
        """Close the sample company's last period; exit 0 when the run was completed, breaks or not."""
        from dagster_project.cli.run import run_and_report

        lay_out(home)
        code = run_and_report(configuration.load(home / "tieout.yml"))
        raise typer.Exit(0 if code in (CLEAN, BREAKS) else code)


def lay_out(home: Path) -> None:
    """Copies the sample company's landing files and `tieout.yml` to `home`; what is there already is kept."""
    if not (SAMPLE / "tieout.yml").exists():
        raise InputError(
            f"{SAMPLE}: the sample company is missing; `python -m sample_data generate --out {SAMPLE}` makes it"
        )
    if (home / "tieout.yml").exists():
        return
    scratch = home.with_name(home.name + ".tmp")
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(SAMPLE, scratch)
    if home.exists():
        raise InputError(f"{home}: is there but holds no tieout.yml; expected an empty place or an earlier demo")
    scratch.rename(home)
