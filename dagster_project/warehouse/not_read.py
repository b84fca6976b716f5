"""`landed.not_read`: what lies with the landing files and no source reads, and what of the archive counts nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import duckdb

from dagster_project import tables
from dagster_project.connections import FilesConnector
from dagster_project.settings import Settings
from dagster_project.sources import files
from dagster_project.sources.connect import places_beside
from dagster_project.sources.contracts import contracts_of, domain_contracts
from dagster_project.sources.unconnected import unconnected

_TYPES = {"source_instance": "VARCHAR", "words": "VARCHAR"}


def write(con: duckdb.DuckDBPyConnection, settings: Settings, left_out: Iterable[str]) -> None:
    """Replaces the table; `left_out` says of which sources the archive holds what does not count."""
    tables.create(con, "landed.not_read", _TYPES, dict.fromkeys(_found(settings, left_out)))


def _found(settings: Settings, left_out: Iterable[str]) -> Iterator[tuple[str | None, str]]:
    if settings.known_at is None:  # else what lies there now tells nothing of what was known then
        for source in settings.sources:
            if isinstance(source.connector, FilesConnector):
                place = files.FilesConnector(source.connector.path, places_beside(settings, source))
                for note in place.offers(contract.name for contract in contracts_of(source.domain)).notes:
                    yield source.name, note.words
        for domain in domain_contracts():
            for words in unconnected(settings, domain):
                yield None, words
    for words in left_out:
        yield None, words
