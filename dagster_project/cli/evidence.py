"""`tieout evidence`: write a pack for an auditor."""

from __future__ import annotations

from typing import Annotated

import typer

from dagster_project import settings as configuration
from dagster_project.cli.console import ConfigOption, out


def register(app: typer.Typer) -> None:
    @app.command()
    def evidence(
        config: ConfigOption = None,
        period: Annotated[
            str | None,
            typer.Option("--period", "-p", help="Accounting period, YYYY-MM; default the last that has ended."),
        ] = None,
        entity: Annotated[str | None, typer.Option("--entity", "-e", help="Legal entity code; default all.")] = None,
    ) -> None:
        """Write the evidence pack of a period: populations, totals, logic, lineage of row counts, hashes."""
        from dagster_project.evidence import write_pack

        pack = write_pack(configuration.load(config), period=period, entity=entity)
        out.print(f"{pack.path}", soft_wrap=True)
        out.print(f"{len(pack.files)} files, root hash {pack.root_hash}")
        out.print(f"check it with: tieout verify {pack.path} --root {pack.root_hash}", soft_wrap=True)
