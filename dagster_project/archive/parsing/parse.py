"""Parses one file of one object: to Parquet what keeps the contract, to quarantine what does not, figures of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.archive.manifest import Drift
from dagster_project.archive.parsing import csv_rows, jsonl_rows, mapped, parquet_rows, rejects
from dagster_project.archive.parsing.checks import broken, checked, code, final
from dagster_project.archive.parsing.content import content_hash, is_on_demand
from dagster_project.archive.parsing.faults import FileFault, kind_in_words
from dagster_project.archive.parsing.figures import ColumnFigures, Figures, measure
from dagster_project.archive.parsing.rawfile import RawFile
from dagster_project.archive.parsing.received import Received, literal, quoted, reset
from dagster_project.sources.connector import Format
from dagster_project.sources.contract_diff import near
from dagster_project.sources.contracts import Column, Contract
from dagster_project.sources.mapping import AS_RECEIVED, ObjectMapping

_READERS: dict[Format, Callable[[duckdb.DuckDBPyConnection, RawFile, Contract, ObjectMapping], Received]] = {
    "csv": csv_rows.read,
    "jsonl": jsonl_rows.read,
    "parquet": parquet_rows.read,
}
_FEWEST_TO_JUDGE_A_COLUMN = 2
_CHEAP_AS_TEXT = {"string", "json"}


@dataclass(frozen=True)
class Origin:
    """The constants that every row of a batch carries."""

    source_instance: str
    domain: str
    vendor: str
    object: str
    batch_id: str
    extracted_at: str | None


@dataclass(frozen=True)
class Parsed:
    """What a file turned out to be; its rows wait in the connection for `write_rows` and `write_rejects`."""

    figures: Figures
    received: Received
    drift: tuple[Drift, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The file's columns, by the contract's names where the mapping gives them one."""
        return self.received.columns


def parse(
    con: duckdb.DuckDBPyConnection, file: RawFile, contract: Contract, mapping: ObjectMapping = AS_RECEIVED
) -> Parsed:
    """Reads, maps, checks and measures the file; raises FileFault when it cannot be read as this object at all.

    `con` holds the table `currencies`.
    """
    reset(con)
    received = mapped.apply(con, contract, _READERS[file.format](con, file, contract, mapping), mapping)
    file.meter.enter("check")
    kept = "temp view" if _is_read_again(contract, received) else "table"
    with received.reading():
        con.execute(f"create {kept} checked as {checked(contract, received.typed)}")
        file.meter.enter("measure")
        figures = measure(con, contract, received)
    drift = _drift(con, file, contract, received, figures)
    if figures.rejected:
        rejects.collect(con, file.name, contract, received, mapping)
    return Parsed(figures, received, tuple(drift))


def write_rows(
    con: duckdb.DuckDBPyConnection, contract: Contract, origin: Origin, path: Path, condition: str = "true"
) -> None:
    """The rows that keep the contract, typed, with their batch and row, and their content hash where it is kept.

    `condition` is over `checked`.
    """
    values = ", ".join(f"{final(column)} as {quoted(column.name)}" for column in contract.columns)
    extracted_at = f"{literal(origin.extracted_at)}::timestamp" if origin.extracted_at else "null::timestamp"
    content = "" if is_on_demand(contract) else f"{content_hash(contract)} as content_hash,"
    con.execute(f"""
copy (
    with typed as (select tieout_row, {values} from checked where not ({broken(contract)}) and {condition})
    select
        {", ".join(quoted(column.name) for column in contract.columns)},
        {_constant(origin.source_instance)} as source_instance, {_constant(origin.batch_id)} as batch_id,
        tieout_row as row_number, {content} {extracted_at} as extracted_at
    from typed
) to {literal(str(path))} (format parquet, parquet_version v2, compression zstd, compression_level 1)""")


def _constant(text: str) -> str:
    """SQL: what is the same in every row, as an enumeration of one: Parquet has it as text, and no row is hashed."""
    return f"{literal(text)}::enum({literal(text)})"


def write_rejects(con: duckdb.DuckDBPyConnection, origin: Origin, path: Path, condition: str = "true") -> None:
    """The rows that do not, with where they come from; `condition` is over `rejected`."""
    constants = ", ".join(
        f"{literal(value)} as {name}"
        for name, value in (
            ("source_instance", origin.source_instance),
            ("domain", origin.domain),
            ("vendor", origin.vendor),
            ("object", origin.object),
            ("batch_id", origin.batch_id),
        )
    )
    con.execute(
        f"copy (select {constants}, rejected.* from rejected where {condition} order by row_number)"
        f" to {literal(str(path))} (format parquet, compression zstd)"
    )


def _is_read_again(contract: Contract, received: Received) -> bool:
    """Whether to judge rows again when they are written costs less than to keep what was judged: that of many rows does
    not fit into memory. Not where they come as text, nor where they are joined with currencies and put in order."""
    kinds = {column.kind for column in contract.columns if column.name not in received.typed}
    return bool(received.typed) and kinds <= _CHEAP_AS_TEXT


def _drift(
    con: duckdb.DuckDBPyConnection, file: RawFile, contract: Contract, received: Received, figures: Figures
) -> list[Drift]:
    retyped = [column for column in contract.columns if _is_retyped(figures.columns.get(column.name))]
    if retyped:
        raise _retyped(con, file, contract, retyped, received)
    known = {column.name for column in contract.columns}
    strangers = [name for name in received.columns if name not in known]
    drift = [
        Drift(column_name=name, drift="new_column", is_breaking=False, detail="kept in the archive's raw file only")
        for name in strangers
    ]
    drift += [
        Drift(column_name=name, drift="retyped", is_breaking=False, detail=detail)
        for name, detail in received.notes.items()
    ]
    for column in contract.columns:
        # An absent nullable column is none of our business, unless it came under another name: its values are not read.
        perhaps = None if column.name in received.given else near(column.name, strangers)
        if perhaps:
            detail = f"absent, perhaps renamed to {perhaps!r}: its values are not read"
            drift.append(Drift(column_name=column.name, drift="missing_column", is_breaking=False, detail=detail))
    return drift


def _is_retyped(figures: ColumnFigures | None) -> bool:
    return figures is not None and figures.given >= _FEWEST_TO_JUDGE_A_COLUMN and figures.unreadable == figures.given


def _retyped(
    con: duckdb.DuckDBPyConnection, file: RawFile, contract: Contract, columns: list[Column], received: Received
) -> FileFault:
    """No value of a column parses: it means something else now, and the batch with it."""
    faults = [(column, *_first_unread(con, column, received)) for column in columns]
    words = [
        f"column {column.name!r} was retyped: none of its values parses, the first is {value!r}"
        for column, _, value in faults
    ]
    expected = [f"{column.name} as {kind_in_words(column)}" for column in columns]
    first, line, value = faults[0]
    return FileFault(
        file.name,
        "; ".join(words),
        f"{', '.join(expected)} (contract {contract.domain} {contract.version})",
        line=line,
        column=first.name,
        value=value,
    )


def _first_unread(con: duckdb.DuckDBPyConnection, column: Column, received: Received) -> tuple[int | None, str | None]:
    first = con.execute(
        f"select tieout_row, checked.tieout_line, mapped.{quoted(column.name)} from checked"
        f" inner join mapped using (tieout_row) where {code(column)} = 2 order by tieout_row limit 1"
    ).fetchone()
    row, line, value = first if first else (None, None, None)
    if received.line_of is not None and row is not None:
        line = received.line_of([row]).get(row)
    return line, value
