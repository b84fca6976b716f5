"""Progress of a run on standard error: a bar per stage on a terminal, a line per stage elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from dagster_project.cli.console import err
from dagster_project.progress import SNAPSHOTS, STAGES, Step, listening

_EVERY_SECONDS = 30


@contextmanager
def watching(quiet: bool) -> Iterator[None]:
    """Shows the stages of whatever runs in the context; nothing when `quiet`."""
    if quiet:
        yield
    elif err.is_terminal:
        with _bars() as bars, listening(bars.hear):
            yield
    else:
        lines = _Lines()
        with listening(lines.hear):
            yield
        lines.end()


@contextmanager
def _bars() -> Iterator[_Bars]:
    columns = (
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[detail]}", markup=True),
    )
    with Progress(*columns, console=err) as progress:
        shown = _Bars(progress)
        yield shown
        shown.end()


class _Bars:
    """One bar per stage that has begun; a later stage finishes those before it."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.tasks: dict[str, TaskID] = {}

    def hear(self, step: Step) -> None:
        if step.stage not in self.tasks:
            self.end()
            self.tasks[step.stage] = self.progress.add_task(step.stage, total=step.total or None, detail="")
        self.progress.update(
            self.tasks[step.stage], completed=step.done, total=step.total or None, detail=step.detail.replace("[", "(")
        )

    def end(self) -> None:
        for task in self.tasks.values():
            known = next(one for one in self.progress.tasks if one.id == task)
            if not known.finished:
                self.progress.update(task, total=known.completed or 1, completed=known.completed or 1, detail="")


class _Lines:
    """One line when a stage ends, with its seconds, and now and then one about a large file: a scheduler's log."""

    def __init__(self) -> None:
        self.stage, self.began = "", time.monotonic()
        self.said = self.began

    def hear(self, step: Step) -> None:
        if step.stage != self.stage and STAGES.index(step.stage) > (STAGES.index(self.stage) if self.stage else -1):
            self.end()
            self.stage, self.began = step.stage, time.monotonic()
        if step.stage == SNAPSHOTS and step.total and time.monotonic() - self.said > _EVERY_SECONDS:
            self.said = time.monotonic()
            err.print(f"{step.stage}: {step.detail}", markup=False)

    def end(self) -> None:
        if self.stage:
            err.print(f"{self.stage} ({time.monotonic() - self.began:.1f} s)", markup=False)
