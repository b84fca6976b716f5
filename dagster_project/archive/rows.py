"""Reads the raw bytes of a batch by contract and mapping, and writes its rows and rejects: for intake and replay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.archive import releases, store
from dagster_project.archive.engine import room_for
from dagster_project.archive.files import sha256_of
from dagster_project.archive.manifest import Manifest
from dagster_project.archive.meter import Tell, metering
from dagster_project.archive.parsing.parse import Origin, Parsed, parse, write_rejects, write_rows
from dagster_project.archive.parsing.rawfile import RawFile
from dagster_project.errors import ConfigurationError, StoreError
from dagster_project.settings import Settings
from dagster_project.sources import mapping as mappings
from dagster_project.sources.contracts import Contract, DomainContract
from dagster_project.sources.files import ENDINGS
from dagster_project.sources.mapping import AS_RECEIVED, ObjectMapping, SourceMapping

_OF_ROWS = ("parsed_rows", "quarantined_rows", "received_totals")


@dataclass(frozen=True)
class Terms:
    """What a file is read by: the contract of its object, and the mapping of its source where it has one."""

    contract: Contract
    source: SourceMapping | None = None
    version: DomainContract | None = None

    def under(self, version: DomainContract) -> Terms:
        """The same mapping, and that version of the contract."""
        return Terms(version.object(self.contract.name), self.source, version)

    @property
    def stamp(self) -> dict[str, str | None]:
        """What a link says of its contract."""
        sha256 = self.version.sha256 if self.version else None
        return {"contract_version": self.contract.version, "contract_sha256": sha256}

    @property
    def mapping(self) -> ObjectMapping:
        """The mapping of the object."""
        return self.source.of(self.contract.name) if self.source else AS_RECEIVED

    @property
    def mapping_sha256(self) -> str | None:
        """The hash of the mapping's file; None where that does not name the object."""
        return self.source.sha256 if self.source and self.contract.name in self.source.objects else None

    def are_those_of(self, settings: Settings, link: Manifest) -> bool:
        """Whether the rows of a link were read by the same contract and mapping."""
        is_same = link.contract_sha256 == self.stamp["contract_sha256"] if link.contract_sha256 else True
        is_same = is_same and link.contract_version == self.contract.version
        return is_same and _kept(settings, link, self).mapping == self.mapping


def keep(settings: Settings, terms: Terms) -> None:
    """Keeps the bytes of mapping and contract among the raw ones, so that every row can be read again as it was."""
    if terms.version is not None:
        releases.keep(settings, terms.version)
    if terms.source is not None and terms.mapping_sha256 is not None:
        store.write_once(settings, store.raw_path(settings, terms.mapping_sha256), terms.source.content)


def _kept(settings: Settings, link: Manifest, terms: Terms) -> Terms:
    """The terms with the mapping by which a link's rows were read; StoreError when its bytes were lost."""
    if link.mapping_sha256 is None:
        return replace(terms, source=None)
    if link.mapping_sha256 == terms.mapping_sha256:
        return terms
    path = store.raw_path(settings, link.mapping_sha256)
    try:
        return replace(terms, source=mappings.read(path.read_bytes(), str(path), link.domain))
    except (OSError, ConfigurationError) as error:
        raise StoreError(f"{path}: the mapping of batch {link.batch_id} cannot be read ({error})") from None


def parse_raw(
    con: duckdb.DuckDBPyConnection, settings: Settings, link: Manifest, terms: Terms, file: RawFile | None = None
) -> Parsed:
    """Parses the bytes as received; raises FileFault when they cannot be read as the object at all."""
    return parse(con, file or raw_file(settings, link), terms.contract, terms.mapping)


def raw_file(settings: Settings, link: Manifest) -> RawFile:
    """The bytes of a batch. A manifest of an early archive does not say the format: its file's name does."""
    kind, is_gzip = link.format, link.is_gzip
    if kind is None:
        lower = link.file_name.lower()
        ending = next(known for known in sorted(ENDINGS, key=len, reverse=True) if lower.endswith(known))
        kind, is_gzip = ENDINGS[ending]
    is_empty = link.sidecar is not None and link.sidecar.row_count == 0
    return RawFile(link.file_name, store.raw_path(settings, link.sha256 or ""), kind, is_gzip, is_empty)


def room(con: duckdb.DuckDBPyConnection, settings: Settings, link: Manifest) -> AbstractContextManager[None]:
    """Where the tables of a batch lie while it is read and written: beside memory when it is large."""
    return room_for(con, settings.archive_path / "tmp", raw_file(settings, link).text_bytes)


@contextmanager
def opened(con: duckdb.DuckDBPyConnection, settings: Settings, link: Manifest, tell: Tell | None) -> Iterator[RawFile]:
    """The bytes of a batch, to be parsed and written while the context lasts; `tell` hears how far a large one is."""
    file = raw_file(settings, link)
    name, size = f"{link.source_instance}/{link.file_name}", file.path.stat().st_size
    with metering(name, size, file.format, con, tell) as meter, room(con, settings, link):
        yield replace(file, meter=meter)


def write(con: duckdb.DuckDBPyConnection, settings: Settings, link: Manifest, contract: Contract) -> dict[str, str]:
    """Writes what `parse_raw` left in the connection to the places of the link; of a replay, only its own rows.

    Returns the files by their name below the archive, with their SHA-256.
    """
    replay, files = link.replay, {}
    if replay is None or replay.rescued_rows:
        condition = _among(con, "tieout_row", replay.rescued if replay else None)
        path = store.parquet_path(settings, link)
        with store.replacing(settings, path) as scratch:
            write_rows(con, contract, _origin(link), scratch, condition)
            files[_name(settings, path)] = sha256_of(scratch)
    if replay.refused_rows if replay else link.quarantined_rows:
        condition = _among(con, "row_number", replay.refused if replay else None)
        path = store.quarantine_path(settings, link)
        with store.replacing(settings, path) as scratch:
            write_rejects(con, _origin(link), scratch, condition)
            files[_name(settings, path)] = sha256_of(scratch)
    return files


def _name(settings: Settings, path: Path) -> str:
    return path.relative_to(settings.archive_path).as_posix()


def figures_of(parsed: Parsed, contract: Contract) -> dict[str, Any]:
    """What a manifest says about the rows of a whole file."""
    figures = parsed.figures
    totals = {name: column.total for name, column in figures.columns.items() if column.total is not None}
    kept = {name: column.parsed_total for name, column in figures.columns.items() if column.parsed_total is not None}
    return {
        "received_rows": figures.received,
        "parsed_rows": figures.parsed,
        "quarantined_rows": figures.rejected,
        "columns": parsed.columns,
        "key_columns": contract.key,
        "received_totals": totals,
        "parsed_totals": kept,
        "nulls": {name: column.nulls for name, column in figures.columns.items()},
        "smallest_key": figures.smallest_key,
        "largest_key": figures.largest_key,
        "drift": parsed.drift,
    }


def restore(
    con: duckdb.DuckDBPyConnection, settings: Settings, link: Manifest, terms: Terms
) -> tuple[dict[str, str], dict[str, Any]]:
    """Makes Parquet that was lost again from the raw bytes, by the mapping of its time; the files and the figures.

    Raises StoreError where the bytes come to other rows than they did.
    """
    with room(con, settings, link):
        parsed = parse_raw(con, settings, link, _kept(settings, link, terms))
        figures = figures_of(parsed, terms.contract)
        if link.replay is None and any(getattr(link, name) != figures[name] for name in _OF_ROWS):
            raise StoreError(
                f"{store.parquet_path(settings, link)}: is missing, and {link.file_name} parsed again gives other rows"
                f" than on {link.received_at:%Y-%m-%d} (contract {link.contract_version}); restore the file from a"
                " backup or another copy"
            )
        return write(con, settings, link, terms.contract), figures


def is_whole(settings: Settings, link: Manifest) -> bool:
    """Whether the Parquet that a link speaks of is there."""
    rejects = link.replay.refused_rows if link.replay else link.quarantined_rows
    has_rows = link.state == "loaded" and (link.replay is None or link.replay.rescued_rows > 0)
    return (not has_rows or store.parquet_path(settings, link).exists()) and (
        not rejects or store.quarantine_path(settings, link).exists()
    )


def spans(con: duckdb.DuckDBPyConnection, table: str, column: str, condition: str) -> tuple[str, int]:
    """The row numbers of a table where the condition holds, as `2-5,9`, and how many there are."""
    numbers = f"select {column} as number from {table} where {condition}"
    found = con.execute(
        "select min(number), max(number) from"
        f" (select number, number - row_number() over (order by number) as island from ({numbers}))"
        " group by island order by 1"
    ).fetchall()
    listed = ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)
    return listed, sum(last - first + 1 for first, last in found)


def _among(con: duckdb.DuckDBPyConnection, column: str, listed: str | None) -> str:
    """SQL: whether a row number is in the spans; all are where none are given."""
    if listed is None:
        return "true"
    bounds = [part.partition("-") for part in listed.split(",")]
    firsts = [int(first) for first, _, _ in bounds]
    lasts = [int(last or first) for first, _, last in bounds]
    con.execute(
        "create or replace temp table chosen as select unnest(range(first_row, last_row + 1)) as chosen_row"
        " from (select unnest(?::bigint[]) as first_row, unnest(?::bigint[]) as last_row)",
        [firsts, lasts],
    )
    return f"{column} in (select chosen_row from chosen)"


def _origin(link: Manifest) -> Origin:
    extracted_at = link.sidecar.extracted_at if link.sidecar else None
    text = extracted_at.replace(tzinfo=None).isoformat() if extracted_at else None
    return Origin(link.source_instance, link.domain, link.vendor, link.object, link.batch_id, text)
