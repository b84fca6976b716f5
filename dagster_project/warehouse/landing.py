"""Builds the schemas `landed` and `config` from the archive and the settings, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from dagster_project import words
from dagster_project.archive.at_hand import links_at_hand
from dagster_project.archive.batches import Batch, batches
from dagster_project.archive.store import parquet_path
from dagster_project.settings import Settings
from dagster_project.sources.contracts import Contract, load_contracts
from dagster_project.warehouse import configuration, copies, deliveries, double_effects, not_read, relations
from dagster_project.warehouse.connection import connect

VENDORS = ("generic",)


@dataclass(frozen=True)
class Landed:
    """What `land` did: the clock it wrote, relations, batches by state, and rows received.

    `left_out` says in words of which sources the archive holds deliveries and `tieout.yml` knows nothing.
    """

    as_of: datetime
    relations: int
    loaded_batches: int
    refused_batches: int
    received_rows: int
    left_out: tuple[str, ...] = ()


def land(settings: Settings, known_at: datetime | None = None, as_of: datetime | None = None) -> Landed:
    """Writes every relation that dbt reads; with `known_at`, from what had been received or replayed by then.

    What came from a source that `tieout.yml` does not name now stays in the archive alone.
    `known_at` and `as_of`, the clock of the run, are the arguments, else those of the settings.
    Raises StoreError when the archive or the warehouse cannot be read or written; the warehouse is then as it was.
    """
    settings = settings.model_copy(update={"known_at": known_at or settings.known_at})
    clock = (as_of or settings.clock).astimezone(UTC)
    archived = batches(links_at_hand(settings, settings.known_at))
    known = _connected(settings, archived)
    left_out = tuple(_left_out(archived, known))
    with connect(settings) as con:
        con.execute("begin transaction")
        for schema in ("landed", "config"):
            con.execute(f"create schema if not exists {schema}")
        configuration.write(con, settings, clock)
        contracts = list(load_contracts().values())
        deliveries.write(con, settings, known)
        not_read.write(con, settings, left_out)
        objects = [(vendor, contract) for vendor in VENDORS for contract in contracts]
        loaded = [_loaded(known, vendor, contract) for vendor, contract in objects]
        for (vendor, contract), some in zip(objects, loaded, strict=True):
            relations.create(con, settings, vendor, contract, some)
        copies.write(con, [(*one, _rows(settings, some)) for one, some in zip(objects, loaded, strict=True)])
        double_effects.count(con, objects)
        con.execute("commit")
        received = _received(con)
    states = Counter(batch.state for batch in known)
    return Landed(clock, len(VENDORS) * len(contracts), states["loaded"], states["refused"], received, left_out)


def _connected(settings: Settings, known: list[Batch]) -> list[Batch]:
    """Those of sources that are configured: a source renamed or switched off would be counted beside its successor."""
    connected = {(source.name, source.domain) for source in settings.sources}
    return [batch for batch in known if (batch.manifest.source_instance, batch.manifest.domain) in connected]


def _left_out(archived: list[Batch], known: list[Batch]) -> Iterator[str]:
    """A sentence per source that is not connected: its figures are gone from every period, and nobody may miss them."""
    counts = Counter((one.manifest.source_instance, one.manifest.domain) for one in archived)
    counts.subtract((one.manifest.source_instance, one.manifest.domain) for one in known)
    for (source, domain), number in sorted(counts.items()):
        if number:
            yield (
                f"source {source!r} of {domain}: {words.counted(number, 'delivery', 'deliveries')} in the archive"
                f" {'is' if number == 1 else 'are'} not counted, in no period; expected a source of that name in"
                " tieout.yml, unless it was renamed or switched off on purpose"
            )


def _loaded(known: list[Batch], vendor: str, contract: Contract) -> list[Batch]:
    return [
        batch
        for batch in known
        if batch.state == "loaded"
        and (batch.manifest.vendor, batch.manifest.domain, batch.manifest.object)
        == (vendor, contract.domain, contract.name)
    ]


def _rows(settings: Settings, loaded: list[Batch]) -> dict[tuple[str, str], str]:
    """Per batch with rows the names of its Parquet: a replay adds a file, nothing changes one."""
    return {
        (batch.manifest.source_instance, batch.manifest.batch_id): " ".join(
            sorted(parquet_path(settings, link).name for link in batch.with_rows)
        )
        for batch in loaded
        if batch.with_rows
    }


def _received(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute("select coalesce(sum(received_rows), 0) from landed.batches").fetchone()
    return int(row[0]) if row else 0
