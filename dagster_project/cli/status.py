"""`tieout status`: what the newest published snapshot says, without running anything."""

from __future__ import annotations

import typer

from dagster_project import settings as configuration
from dagster_project.cli.console import ConfigOption, out


def register(app: typer.Typer) -> None:
    @app.command()
    def status(config: ConfigOption = None) -> None:
        """Show what the last run published: controls, breaks, readiness of each entity's close."""
        from dagster_project import publish
        from dagster_project.cli.readiness import readiness_table
        from dagster_project.cli.report import controls_table
        from dagster_project.sql import scalar

        settings = configuration.load(config)
        with publish.open_current(settings) as con:
            as_of = scalar(con, "select strftime(as_of, '%Y-%m-%d %H:%M UTC') from config.parameters")
            out.print(f"{settings.company}, as of {as_of}", markup=False)
            out.print(controls_table(con, out.width))
            if readiness := readiness_table(con):
                out.print(readiness)
            breaks = scalar(con, "select count(*) from marts.exceptions")
        raise typer.Exit(1 if breaks else 0)
