"""`tieout explain`: the whole chain of one record, what it rests on, what became of it, and where it breaks."""

from __future__ import annotations

from typing import Annotated

import typer

from dagster_project import settings as configuration
from dagster_project.cli.console import ConfigOption
from dagster_project.lineage import FAN


def register(app: typer.Typer) -> None:
    @app.command()
    def explain(
        record: Annotated[str, typer.Argument(help="An id as a page or a source shows it, or kind:id.")],
        config: ConfigOption = None,
        instance: Annotated[
            str | None, typer.Option("--instance", help="The source that issued the id, where several did.")
        ] = None,
        fan: Annotated[
            int, typer.Option("--fan", min=1, help="Up to so many records of a step are told one by one.")
        ] = FAN,
    ) -> None:
        """Explain one record from usage and contract to ledger and cash: amounts, times, deliveries, open breaks."""
        from dagster_project.cli import explain_page

        broken = explain_page.explain(configuration.load(config), record, instance, fan)
        raise typer.Exit(1 if broken else 0)
