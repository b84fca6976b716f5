"""`tieout replay`: read dead letters again after a mend in the mapping, in the contract or at the source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from dagster_project import settings as configuration
from dagster_project.cli.console import ConfigOption, command, out, shown
from dagster_project.money import major

if TYPE_CHECKING:
    from dagster_project.archive.replay_report import Outcome, ReplayReport, Result

_SHOWN = 40
_GOOD: tuple[Result, ...] = ("accepted", "accepted before", "mended at the source")
_RESULTS = {True: {"accepted": "would be accepted"}, False: {}}
"""What a result is called in a dry run, where it is called otherwise."""


def register(app: typer.Typer) -> None:
    @app.command()
    def replay(
        config: ConfigOption = None,
        batch: Annotated[
            str | None, typer.Option("--batch", help="The beginning of a batch's id, or the name of its file.")
        ] = None,
        source: Annotated[str | None, typer.Option("--source", help="A source of tieout.yml.")] = None,
        object: Annotated[
            str | None, typer.Option("--object", help="An object, with or without its domain: billing.invoices.")
        ] = None,
        reason: Annotated[str | None, typer.Option("--reason", help="A part of the reason.")] = None,
        key: Annotated[str | None, typer.Option("--key", help="The whole key, its parts joined by |.")] = None,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Show what would be accepted; change nothing.")
        ] = False,
    ) -> None:
        """Read dead letters again by the contract and mapping in force now; accepted rows are never touched.

        Without options all of them. Exit: 0 all are accepted or mended, 1 some stay, 2 nothing selected or wrong input,
        3 a store failed.
        """
        from dagster_project.archive.replay import replay as read_again
        from dagster_project.archive.replay_report import Selection

        settings = configuration.load(config)
        selection = Selection(batch=batch, source=source, object=object, reason=reason, key=key)
        report = read_again(settings, selection, is_dry=dry_run)
        out.print(outcomes_table(report))
        for line in in_words(report, settings.config_path):
            out.print(line, markup=False, soft_wrap=True)
        raise typer.Exit(1 if report.count("stays") else 0)


def outcomes_table(report: ReplayReport) -> Table:
    """A row per file, result and reason; amounts per currency, of the rows that state one."""
    title = "What a replay would do" if report.is_dry else "What was replayed"
    table = Table(title=title, title_justify="left", header_style="bold")
    table.add_column("Source", no_wrap=True)
    table.add_column("File", overflow="fold")
    table.add_column("Result", min_width=9)
    table.add_column("Dead letters", justify="right")
    table.add_column("Money at stake", justify="right", no_wrap=True)
    table.add_column("Why", overflow="fold", min_width=30)
    for outcome in report.outcomes[:_SHOWN]:
        table.add_row(
            outcome.source_instance,
            outcome.file_name,
            _RESULTS[report.is_dry].get(outcome.result, outcome.result),
            f"{outcome.rows:,}",
            _money(outcome),
            outcome.reason,
            style="bold" if outcome.result == "stays" else None,
        )
    return table


def in_words(report: ReplayReport, config: Path) -> list[str]:
    """What it comes to, and what to do next."""
    lines = []
    if len(report.outcomes) > _SHOWN:
        lines.append(f"... and {len(report.outcomes) - _SHOWN:,} more lines: narrow the selection to see them")
    names = _RESULTS[report.is_dry]
    counts = {result: report.count(result) for result in _GOOD}
    told = [f"{count:,} {names.get(result, result)}" for result, count in counts.items() if count]
    staying = report.count("stays")
    lines.append(", ".join([*told, f"{staying:,} stay{'s' if staying == 1 else ''}"]))
    if report.is_dry:
        lines.append("nothing was changed; leave out --dry-run to replay")
    elif counts["accepted"]:
        run = f"  {command()} run --config {shown(config)}"
        lines += ["What to do next:", run, "      reconciles with what was accepted"]
    elif not report.links:
        lines.append("nothing was changed: contract and mapping make no difference to these")
    return lines


def _money(outcome: Outcome) -> str:
    from dagster_project.archive.parsing.currencies import exponents

    decimals = exponents()
    amounts = [f"{major(minor, decimals[currency])} {currency}" for currency, minor in outcome.amounts]
    return "\n".join(amounts) or "-"
