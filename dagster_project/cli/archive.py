"""`tieout archive`: verify, copy and account for the record of what was received. Nothing here deletes from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from dagster_project import settings as configuration
from dagster_project.cli.console import ConfigOption, complain, err, out
from dagster_project.cli.report import WIDE
from dagster_project.errors import InputError, StoreError

if TYPE_CHECKING:
    from dagster_project.archive.contents import Progress as Hear
    from dagster_project.archive.findings import Verification
    from dagster_project.archive.transfer import Copied

_SHOWN = 20
_commands = typer.Typer(
    help="The record of what was received: verify it, copy it, account for it.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    app.add_typer(_commands, name="archive")


@_commands.command()
def verify(
    copy: Annotated[
        str | None,
        typer.Argument(help="A copy, path or address; default the archive of tieout.yml.", show_default=False),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Check the hash chain, every file and every control total. Exit: 0 sound, 3 something is broken."""
    from dagster_project.archive.storage import storage_at
    from dagster_project.archive.verify import verify as verify_storage
    from dagster_project.archive.verify import verify_archive

    with _progress() as progress:
        if copy is None:
            verification = verify_archive(configuration.load(config), progress)
        else:
            verification = verify_storage(storage_at(copy), progress=progress)
            if verification.head is None and not verification.faults:
                raise InputError(f"{copy}: holds no archive; expected manifests/ and HEAD.json in it")
    raise typer.Exit(_print(verification))


@_commands.command(name="export")
def export_(
    target: Annotated[str, typer.Argument(help="A folder or an address, empty or an earlier copy.")],
    config: ConfigOption = None,
) -> None:
    """Copy the whole archive to another place, checked on both sides; an interrupted copy is taken up again."""
    from dagster_project.archive.transfer import export_archive

    with _progress() as progress:
        copied = export_archive(configuration.load(config), target, progress)
    _print_copied(copied)


@_commands.command(name="import")
def import_(
    source: Annotated[str, typer.Argument(help="A copy of an archive, folder or address.")],
    config: ConfigOption = None,
) -> None:
    """Take a copy into the archive of tieout.yml: into an empty one, onto its beginning, or to put it right."""
    from dagster_project.archive.transfer import import_archive

    with _progress() as progress:
        copied = import_archive(configuration.load(config), source, progress)
    _print_copied(copied)


@_commands.command()
def retention(config: ConfigOption = None) -> None:
    """Show what has been kept longer than `retention_years` and what a legal hold keeps. Deletes nothing."""
    from dagster_project.archive.chain import sound_links
    from dagster_project.archive.retention import kept

    settings = configuration.load(config)
    rows = kept(settings.archive, sound_links(settings), settings.as_of or datetime.now(UTC))
    table = _table(f"Kept for {settings.archive.retention_years} years", "Source", "Object", "Legal hold")
    for heading in ("Batches", "Bytes received", "Oldest", "Newest", "Past retention", "Free to go"):
        table.add_column(heading, justify="right", min_width=max(map(len, heading.split())))
    for row in rows:
        free = 0 if row.is_held else row.past
        counts = (f"{row.batches:,}", f"{row.bytes:,}", str(row.oldest), str(row.newest), f"{row.past:,}", f"{free:,}")
        table.add_row(row.source_instance, row.object, "yes" if row.is_held else "no", *counts)
    out.print(_fitted(table, "Batches", "Bytes received", "Newest", "Past retention"))
    hold = settings.archive.legal_hold
    for name in sorted(set(hold if isinstance(hold, tuple) else ()) - {row.source_instance for row in rows}):
        complain(f"archive.legal_hold: nothing of a source {name!r} is in the archive")
    out.print("Nothing was deleted; Tieout never deletes from the archive.", markup=False)


@_commands.command()
def unlock(config: ConfigOption = None) -> None:
    """Remove the lock that a run left on a shared archive when its machine died. Be sure that it is dead."""
    from dagster_project.archive.shared import release

    holder = release(configuration.load(config))
    out.print(f"the lock of {holder} was removed" if holder else "there was no lock", markup=False)


def _print(verification: Verification) -> int:
    table = _table(f"Archive {verification.place}", "Source", "Object")
    for heading in ("Links", "Files", "Bytes", "Rows", "Quarantined", "Control totals", "Faults"):
        table.add_column(heading, justify="right", min_width=max(map(len, heading.split())))
    for (source, name), one in sorted(verification.objects.items()):
        faults = sum(fault.link.startswith(f"{source}/{name}/") for fault in verification.faults)
        counts = (one.links, one.files, one.bytes, one.rows, one.quarantined, one.totals, faults)
        table.add_row(source, name, *(f"{count:,}" for count in counts), style="bold red" if faults else None)
    out.print(_fitted(table, "Links", "Bytes", "Control totals"))
    for note in verification.notes:
        err.print(note, markup=False, soft_wrap=True)
    for fault in verification.faults[:_SHOWN]:
        complain(fault.in_words)
    if len(verification.faults) > _SHOWN:
        complain(f"... and {len(verification.faults) - _SHOWN:,} more")
    if verification.first:
        words = f"NOT SOUND: {len(verification.faults):,} faults; first broken link: {verification.first.link}"
        out.print(f"{words} ({verification.first.place})", markup=False, soft_wrap=True)
        return StoreError.exit_code
    if verification.head is None:
        out.print("the archive is empty", markup=False)
        return 0
    out.print(f"sound: {verification.length:,} links, head {verification.head}", markup=False, soft_wrap=True)
    return 0


def _print_copied(copied: Copied) -> None:
    sent = f"{copied.files:,} files copied ({copied.bytes:,} bytes), {copied.skipped:,} were there"
    out.print(f"{sent}; {copied.links:,} links", markup=False)
    _print(copied.verification)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def _fitted(table: Table, *spare: str) -> Table:
    """The table without its spare columns where the terminal is narrow: a figure that ends in an ellipsis is none."""
    if out.width < WIDE:
        table.columns = [column for column in table.columns if column.header not in spare]
        table.caption = f"{', '.join(spare)}: in a terminal of {WIDE} columns."
    return table


@contextmanager
def _progress() -> Iterator[Hear]:
    """A bar on a terminal; elsewhere one line when the number of files is known, for the log of a scheduler."""
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as bars:
        task = bars.add_task("Reading the chain", total=None)

        def hear(doing: str, done: int, total: int) -> None:
            if not err.is_terminal and done == 0:
                err.print(f"{doing} {total:,} files", markup=False)
            bars.update(task, description=doing, completed=done, total=total)

        yield hear
