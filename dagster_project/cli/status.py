"""`tieout status`: what the newest published snapshot says, without running anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from dagster_project import settings as configuration
from dagster_project.cli.console import ConfigOption, out

if TYPE_CHECKING:
    import duckdb


def register(app: typer.Typer) -> None:
    @app.command()
    def status(config: ConfigOption = None) -> None:
        """Show what the last run published: controls, breaks, readiness of each entity's close, what was not read."""
        from dagster_project import publish
        from dagster_project.cli.readiness import readiness_table
        from dagster_project.cli.report import controls_table
        from dagster_project.sql import scalar
        from dagster_project.words import counted

        settings = configuration.load(config)
        with publish.open_current(settings) as con:
            as_of = scalar(con, "select strftime(as_of, '%Y-%m-%d %H:%M UTC') from config.parameters")
            out.print(f"{settings.company}, as of {as_of}", markup=False)
            out.print(controls_table(con, out.width))
            if readiness := readiness_table(con):
                out.print(readiness)
            breaks = scalar(con, "select count(*) from marts.exceptions")
            unread = _not_read(con)
        if unread:
            out.print(f"Not read, and in no figure: {counted(len(unread), 'finding')} among the landing files")
            for words in unread:
                out.print(f"  {words}", markup=False, soft_wrap=True)
        raise typer.Exit(1 if breaks else 0)


def _not_read(con: duckdb.DuckDBPyConnection) -> list[str]:
    """What the run did not read, in words; none where an earlier version published."""
    if not con.execute("from duckdb_tables() where schema_name = 'landed' and table_name = 'not_read'").fetchall():
        return []
    found = con.execute("select source_instance, words from landed.not_read").fetchall()
    return [f"source {source!r}: {words}" if source else words for source, words in found]
