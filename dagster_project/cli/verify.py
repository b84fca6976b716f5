"""`tieout verify`: check a pack's hashes and recompute its totals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dagster_project.cli.console import complain, out


def register(app: typer.Typer) -> None:
    @app.command()
    def verify(pack: Annotated[Path, typer.Argument(help="The folder of the pack.")]) -> None:
        """Check every hash of an evidence pack and recompute its totals from its own Parquet files."""
        from dagster_project.evidence import verify_pack

        report = verify_pack(pack)
        for fault in report.faults:
            complain(fault)
        if report.faults:
            out.print(f"NOT VERIFIED: {len(report.faults)} faults in {pack}", soft_wrap=True)
            raise typer.Exit(1)
        out.print(
            f"verified: {report.files} files, {report.totals} totals recomputed, root hash {report.root_hash}",
            soft_wrap=True,
        )
