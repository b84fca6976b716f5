"""`tieout verify`: check a pack's hashes and recompute its totals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dagster_project.cli.console import complain, out
from dagster_project.words import counted


def register(app: typer.Typer) -> None:
    @app.command()
    def verify(
        pack: Annotated[Path, typer.Argument(help="The folder of the pack.")],
        root: Annotated[
            str | None,
            typer.Option(
                "--root",
                help="The root hash that the pack must have, as the run printed it; its first 12 hex digits will do.",
            ),
        ] = None,
    ) -> None:
        """Check every hash of an evidence pack and recompute its totals from its own Parquet files."""
        from dagster_project.evidence import verify_pack

        report = verify_pack(pack, root)
        for fault in report.faults:
            complain(fault)
        if report.faults:
            number = counted(len(report.faults), "fault")
            out.print(f"NOT VERIFIED: {number} in {pack}", markup=False, soft_wrap=True)
            raise typer.Exit(1)
        out.print(
            f"verified: {report.files} files, {report.totals} totals recomputed, root hash {report.root_hash}",
            soft_wrap=True,
        )
        for words in report.unproven:
            out.print(f"not proven: {words}", markup=False, soft_wrap=True)
