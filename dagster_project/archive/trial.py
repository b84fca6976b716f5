"""Would another contract, or another mapping, have taken what was delivered? Asked of the archive, before a release."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
from pydantic import ValidationError

from dagster_project.archive import store
from dagster_project.archive.engine import store_faults
from dagster_project.archive.manifest import ContractTrial, Manifest, Outcome
from dagster_project.archive.releases import Releases
from dagster_project.archive.retake import archived, retake
from dagster_project.settings import Settings
from dagster_project.sources.contracts import load_contracts

FOLDER = "contract-tests"
SHOWN_REASONS = 3
_AMOUNTS = ("money", "quantity")
Totals = dict[tuple[str, str], Decimal]


@dataclass(frozen=True)
class Side:
    """How deliveries are taken: what is configured, and which versions of the contracts are released."""

    settings: Settings
    releases: Releases


@dataclass(frozen=True)
class Taken:
    """One batch as one side takes it: rows, and the sum of every money and quantity column per currency."""

    version: str
    is_refused: bool
    parsed_rows: int
    quarantined_rows: int
    totals: Totals
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class BatchTrial:
    """One batch of the archive, as it is taken now and as it would be.

    `stays` when by what it declares an older version would go on taking it: its `then` says what if it did not.
    """

    link: Manifest
    now: Taken
    then: Taken
    stays: bool

    @property
    def outcome(self) -> Outcome:
        """`refuses` when a release would have the batch no longer taken at all."""
        if self.then.is_refused and not self.now.is_refused and not self.stays:
            return "refuses"
        is_same = (self.now.is_refused, self.now.parsed_rows, self.now.quarantined_rows, self.now.totals) == (
            self.then.is_refused,
            self.then.parsed_rows,
            self.then.quarantined_rows,
            self.then.totals,
        )
        return "unchanged" if is_same else "moves"


@dataclass(frozen=True)
class Trial:
    """The batches that were taken both ways, in the order of their arrival."""

    batches: tuple[BatchTrial, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst of its batches."""
        found = {batch.outcome for batch in self.batches}
        return "refuses" if "refuses" in found else "moves" if "moves" in found else "unchanged"

    def moves(self) -> Iterator[tuple[str, str, str, Decimal, Decimal]]:
        """(object, column, currency, total now, total then) of every total of accepted rows that would move."""
        sums: dict[tuple[str, str, str], list[Decimal]] = {}
        for batch in self.batches:
            for side, taken in enumerate((batch.now, batch.then)):
                for (column, currency), total in taken.totals.items():
                    place = (f"{batch.link.domain}.{batch.link.object}", column, currency)
                    sums.setdefault(place, [Decimal(0), Decimal(0)])[side] += total
        for (name, column, currency), (now, then) in sorted(sums.items()):
            if now != then:
                yield name, column, currency, now, then


def last_batches(links: Iterable[Manifest], domain: str, count: int) -> list[Manifest]:
    """The newest batches of each object and source of a domain, in the order of their arrival."""
    newest: dict[tuple[str, str], list[Manifest]] = {}
    for link in links:
        if link.kind == "batch" and link.domain == domain:
            newest.setdefault((link.source_instance, link.object), []).append(link)
    return sorted((link for group in newest.values() for link in group[-count:]), key=lambda link: link.sequence)


def run(
    links: Iterable[Manifest],
    now: Side,
    then: Side,
    stays: Callable[[str | None], bool],
    progress: Callable[[str], None] = lambda name: None,
) -> Trial:
    """Takes each batch both ways in scratch homes that are gone afterwards; the archive is only read.

    `stays` tells of a declared version whether its deliveries would keep it.
    """
    known = [link for link in links if archived(now.settings, link)]
    with scratch_home(now.settings) as folder:
        before = _taken(now, folder / "now", known, now.settings, progress)
        after = _taken(then, folder / "then", known, now.settings, progress)
    return Trial(
        tuple(BatchTrial(link, before[link.batch_id], after[link.batch_id], stays(_declared(link))) for link in known)
    )


def record(settings: Settings, sha256: str, batches: int, outcome: Outcome, words: Iterable[str]) -> None:
    """Remembers what the test of these bytes found, for their release."""
    found = ContractTrial(tested_at=datetime.now(UTC), batches=batches, outcome=outcome, words=tuple(words))
    content = json.dumps(found.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"
    path = settings.home / FOLDER / f"{sha256}.json"
    with store_faults(path):
        store.write(path, content.encode())


def recorded(settings: Settings, sha256: str) -> ContractTrial | None:
    """What the last test of exactly these bytes found, None where there was none."""
    path = settings.home / FOLDER / f"{sha256}.json"
    try:
        return ContractTrial.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


@contextmanager
def scratch_home(settings: Settings) -> Iterator[Path]:
    """A folder on the disk of the home, removed at the end."""
    room = settings.home / FOLDER
    with store_faults(room):
        room.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="scratch-", dir=room) as folder:
            yield Path(folder)


def _declared(link: Manifest) -> str | None:
    return link.sidecar.schema_version if link.sidecar else None


def _taken(
    side: Side, home: Path, links: list[Manifest], archive: Settings, progress: Callable[[str], None]
) -> dict[str, Taken]:
    target = side.settings.model_copy(update={"home": home})
    found = retake(archive, target, links, side.releases, progress)
    with duckdb.connect(":memory:") as con:
        return {batch_id: _measured(con, target, link) for batch_id, link in found.items()}


def _measured(con: duckdb.DuckDBPyConnection, home: Settings, link: Manifest) -> Taken:
    reasons: list[str] = [link.refusal.reason] if link.refusal else []
    if link.quarantined_rows:
        file = str(store.quarantine_path(home, link))
        query = f"select reason from read_parquet(?) order by row_number limit {SHOWN_REASONS}"
        reasons += [str(reason) for (reason,) in con.execute(query, [file]).fetchall()]
    totals = _totals(con, home, link) if link.state == "loaded" else {}
    return Taken(
        link.contract_version,
        link.state == "refused",
        link.parsed_rows,
        link.quarantined_rows,
        totals,
        tuple(reasons),
    )


def _totals(con: duckdb.DuckDBPyConnection, home: Settings, link: Manifest) -> Totals:
    """Sums of the rows that count, exact: a control total of everything received would hide what was set aside."""
    file = str(store.parquet_path(home, link))
    totals: Totals = {}
    for column in load_contracts()[link.domain, link.object].columns:
        if column.kind in _AMOUNTS:
            currency = f'"{column.currency_column}"' if column.currency_column else "''"
            rows = con.execute(f'select {currency}, sum("{column.name}") from read_parquet(?) group by all', [file])
            totals |= {(column.name, found or ""): total for found, total in rows.fetchall() if total}
    return totals
