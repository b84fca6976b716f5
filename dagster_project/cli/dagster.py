"""`tieout dagster`: the Dagster UI over the same home as `tieout run`."""

from __future__ import annotations

from typing import Annotated

import typer

from dagster_project import settings as configuration
from dagster_project.cli.console import ConfigOption


def register(app: typer.Typer) -> None:
    @app.command()
    def dagster(
        config: ConfigOption = None,
        port: Annotated[int, typer.Option(help="The port to serve on.")] = 3000,
        no_ui: Annotated[
            bool, typer.Option("--no-ui", help="Only the daemon: runs what is queued and scheduled.")
        ] = False,
    ) -> None:
        """Open the Dagster UI: assets, checks, runs, schedules, backfills; its daemon runs what is queued."""
        from dagster_project.pipeline import serve

        raise typer.Exit(serve(configuration.load(config), port=port, with_ui=not no_ui))
