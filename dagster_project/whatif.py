"""Which figures would move: the books built twice from the archive, as it is taken now and as it would be.

Both are built anew in scratch homes, with one clock and one code, so that what differs comes from the contracts alone.
Nothing is published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dagster_project import warehouse
from dagster_project.archive.manifest import Manifest
from dagster_project.archive.retake import retake
from dagster_project.archive.trial import Side, scratch_home
from dagster_project.dbt.manifest import parsed
from dagster_project.dbt.runner import BuildOutcome, build
from dagster_project.errors import StoreError
from dagster_project.settings import Settings
from dagster_project.warehouse.connection import limits
from expectations.suites.boundary import run_boundary

_CONTROLS = """
    select code, coalesce(currency_code, ''), sum(breaks), sum(break_absolute_minor), sum(not_testable)
    from marts.reconciliation_summary
    group by all
"""
_BRIDGE = """
    select currency_code, sum(expected_minor), sum(metered_minor), sum(billed_minor), sum(posted_minor),
        sum(settled_minor)
    from marts.bridge_cells
    group by all
"""
_OF_CONTROLS = (("breaks", False), ("amount in breaks", True), ("not tested", False))
_OF_BRIDGE = ("expected", "metered", "billed", "posted", "settled")


@dataclass(frozen=True)
class Moved:
    """A figure of a control or of the bridge that differs; `is_money` ones are minor units of the currency."""

    subject: str
    figure: str
    currency: str
    is_money: bool
    now: int
    then: int


Figures = dict[tuple[str, str, str, bool], int]
Progress = Callable[[str], None]


def moved(links: Iterable[Manifest], now: Side, then: Side, progress: Progress = lambda name: None) -> list[Moved]:
    """Every figure that would move, controls before the bridge. Raises StoreError when the books cannot be built."""
    known = [link for link in links if link.kind in ("batch", "sidecar")]
    clock = now.settings.as_of or datetime.now(UTC)
    with scratch_home(now.settings) as folder:
        before = _figures(now, folder / "now", known, now.settings, clock, progress)
        after = _figures(then, folder / "then", known, now.settings, clock, progress)
    places = sorted(before.keys() | after.keys(), key=lambda place: (place[0] == "bridge", place))
    return [
        Moved(*place, before.get(place, 0), after.get(place, 0))
        for place in places
        if before.get(place, 0) != after.get(place, 0)
    ]


def _figures(
    side: Side, home: Path, links: list[Manifest], archive: Settings, clock: datetime, progress: Progress
) -> Figures:
    target = side.settings.model_copy(update={"home": home})
    retake(archive, target, links, side.releases, progress)
    progress(f"books as they {'are' if home.name == 'now' else 'would be'}")
    warehouse.land(target, as_of=clock)
    with warehouse.connect(target) as con:
        run_boundary(con, target, home / "runs" / "whatif" / "expectations")
    options = limits(target.warehouse_path.parent / "tmp")
    outcome = build(parsed(), target.warehouse_path, home / "dbt", home / "runs" / "whatif", options=options)
    if not outcome.success:
        raise StoreError(f"the books of the archive {_how(outcome)}; no figure can be compared")
    with warehouse.connect(target) as con:
        return dict(_read(con.execute(_CONTROLS).fetchall(), con.execute(_BRIDGE).fetchall()))


def _read(controls: list[tuple], bridge: list[tuple]) -> Iterator[tuple[tuple[str, str, str, bool], int]]:
    for code, currency, *values in controls:
        for (figure, is_money), value in zip(_OF_CONTROLS, values, strict=True):
            yield (code, figure, currency, is_money), int(value)
    for currency, *values in bridge:
        for figure, value in zip(_OF_BRIDGE, values, strict=True):
            yield ("bridge", figure, currency, True), int(value)


def _how(outcome: BuildOutcome) -> str:
    failed = "; ".join(f"{one.kind} {one.name} ({one.file}): {one.message}" for one in outcome.failures)
    return f"cannot be built: {failed or outcome.error}"
