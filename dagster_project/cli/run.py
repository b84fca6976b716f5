"""`tieout run`: snapshots, build, control, publish; then what was found and what to open next."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project import settings as configuration
from dagster_project.cli.console import ConfigOption, command, complain, err, out, shown
from dagster_project.errors import ConfigurationError
from dagster_project.settings import Settings
from dagster_project.words import counted

if TYPE_CHECKING:
    from dagster_project.pipeline import RunReport


_WITHOUT_A_TEST = """
    select count(*) from marts.controls as c
    where not exists (
        select 1 from marts.reconciliation_summary as s where s.code = c.code and s.compared > s.not_testable
    )
"""


def register(app: typer.Typer) -> None:
    @app.command()
    def run(
        config: ConfigOption = None,
        as_of: Annotated[
            str | None,
            typer.Option("--as-of", help="ISO time with offset; default that of tieout.yml, else now (UTC)."),
        ] = None,
        known_at: Annotated[
            str | None,
            typer.Option(
                "--known-at", help="ISO time with offset: reconcile only what had been received by then, as of then."
            ),
        ] = None,
        period: Annotated[
            str | None,
            typer.Option("--period", "-p", help="Accounting period, YYYY-MM; default the last that has ended."),
        ] = None,
        full_refresh: Annotated[
            bool,
            typer.Option("--full-refresh", help="Compute every table again, though nothing behind it changed."),
        ] = False,
        quiet: Annotated[
            bool, typer.Option("--quiet", "-q", help="No progress; the findings are still printed.")
        ] = False,
    ) -> None:
        """Take snapshots, reconcile, publish. Exit: 0 clean, 1 breaks, 2 wrong input, 3 a source or store failed."""
        settings = configuration.load(config)
        if as_of is not None:
            settings = settings.model_copy(update={"as_of": moment(as_of)})
        if known_at is not None:
            settings = settings.model_copy(update={"known_at": moment(known_at, "--known-at")})
        raise typer.Exit(run_and_report(settings, check_period(period), quiet, full_refresh))


def run_and_report(
    settings: Settings, period: str | None = None, quiet: bool = False, full_refresh: bool = False
) -> int:
    """Runs the close, prints what was found, what is wrong with deliveries and what to open; returns the exit code."""
    from dagster_project.cli.watch import watching

    with watching(quiet):
        from dagster_project import pipeline

        report = pipeline.run(settings, period, full_refresh)
    breaks = _print_findings(settings, report) if report.published else 0
    for note in report.notes:
        err.print(note, markup=False, soft_wrap=True)
    for fault in report.faults:
        complain(fault.message)
    if report.faults and not report.published:
        complain("nothing was published; what was published before stays as it was")
    if report.faults:
        err.print(f"the run's log: {report.log}", markup=False, soft_wrap=True)
    return report.exit_code(breaks)


def moment(text: str, option: str = "--as-of") -> datetime:
    """An ISO time with offset, in UTC; raises ConfigurationError."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        value = None
    if value is None or value.tzinfo is None:
        raise ConfigurationError(f"{option} {text}: expected an ISO time with offset, for example 2026-10-12T00:00:00Z")
    return value.astimezone(UTC)


def check_period(text: str | None) -> str | None:
    """`YYYY-MM` or None; raises ConfigurationError."""
    if text is None:
        return None
    try:
        datetime.strptime(text, "%Y-%m")
    except ValueError:
        raise ConfigurationError(f"--period {text}: expected an accounting period, for example 2026-09") from None
    return text


def _print_findings(settings: Settings, report: RunReport) -> int:
    from dagster_project import publish
    from dagster_project.cli.readiness import readiness_table
    from dagster_project.cli.report import controls_table
    from dagster_project.sql import scalar
    from dagster_project.trouble import trouble_in_words

    with publish.open_current(settings) as con:
        known = f", as known at {settings.known_at:%Y-%m-%d %H:%M} UTC" if settings.known_at else ""
        out.print(f"{settings.company}, as of {report.as_of:%Y-%m-%d %H:%M} UTC{known}", markup=False)
        out.print(controls_table(con, out.width))
        if readiness := readiness_table(con, report.period):
            out.print(readiness)
        trouble = trouble_in_words(con)
        for line in [*trouble, *_after_a_mend(settings)] if trouble else []:
            out.print(line, markup=False, soft_wrap=True)
        breaks = int(scalar(con, "select count(*) from marts.exceptions"))
        problems = int(scalar(con, "select count(distinct root_exception_key) from marts.exceptions"))
        untested = int(scalar(con, _WITHOUT_A_TEST))
        controls = int(scalar(con, "select count(*) from marts.controls"))
    out.print(_open_breaks(breaks, problems), style="bold")
    if untested:
        out.print(f"{untested} of {controls} controls could test nothing of what was delivered", style="bold")
    for line in _what_next(settings, report):
        out.print(line, markup=False, soft_wrap=True)
    return breaks


def _open_breaks(breaks: int, problems: int) -> str:
    """One defect may show in several controls: what has to be worked is the problems."""
    if not breaks:
        return "no open break"
    words = counted(breaks, "open break")
    return words if problems == breaks else f"{words}, which go back to {counted(problems, 'problem')}"


def _after_a_mend(settings: Settings) -> list[str]:
    config = shown(settings.config_path)
    return [f"after a mend of their mapping or contract: {command()} replay --dry-run --config {config}"]


def _pack(tieout: str, pack: Path, root_hash: str) -> list[str]:
    """How the pack is checked, and its root hash: kept elsewhere, it proves what the pack cannot prove of itself."""
    return [
        f"  {tieout} verify {shown(pack)}",
        f"      recomputes the auditor's pack, root hash {root_hash}",
    ]


def _what_next(settings: Settings, report: RunReport) -> list[str]:
    from dagster_project.evidence.manifest import read

    tieout, config = command(), shown(settings.config_path)
    period, pack = report.period, []
    if report.pack:
        written = read(report.pack)
        period, pack = written["facts"]["period"], _pack(tieout, report.pack, written["root_hash"])
    return [
        "What to open next:",
        f"  {tieout} dashboard --config {config}",
        "      the reconciliation in the browser: close, variances, controls",
        f"  {tieout} dagster --config {config}",
        "      how every figure was made: assets, checks, runs",
        f"  {tieout} evidence --config {config} --period {period}",
        "      writes the auditor's pack of a period",
        *pack,
    ]
