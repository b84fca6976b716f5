"""`tieout dashboard`: the published reconciliation in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from dagster_project import settings as configuration
from dagster_project.cli.console import ConfigOption


def register(app: typer.Typer) -> None:
    @app.command()
    def dashboard(
        config: ConfigOption = None,
        port: Annotated[int, typer.Option(help="The port to serve on.")] = 8501,
        headless: Annotated[bool, typer.Option(help="Do not open a browser.")] = False,
    ) -> None:
        """Show the published reconciliation: close, variances, controls."""
        from dashboards.serve import serve

        raise typer.Exit(serve(configuration.load(config), port=port, headless=headless))
