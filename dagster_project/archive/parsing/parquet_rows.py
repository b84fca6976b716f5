"""Reads Parquet: exact types become text, types that cannot hold the value exactly are foreign."""

from __future__ import annotations

import os

import duckdb

from dagster_project.archive.parsing.faults import FileFault, kind_in_words, missing_columns, refuse_too_many_columns
from dagster_project.archive.parsing.rawfile import RawFile
from dagster_project.archive.parsing.received import Received, literal, quoted
from dagster_project.errors import is_out_of_space
from dagster_project.sources.contracts import Column, Contract

_MARK = b"PAR1"
_INTEGERS = {f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")}
_NAIVE = {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}
_TEXT_KINDS = {"string", "json", "period", "currency"}
_NUMBER_KINDS = {"money", "quantity", "unit_price", "flat_price", "rate", "percent"}


def read(con: duckdb.DuckDBPyConnection, file: RawFile, contract: Contract) -> Received:
    """Fills `received`; FileFault when the file is damaged, or a required column is missing or of a foreign type."""
    if file.path.stat().st_size == 0:
        raise FileFault(file.name, "the file is empty (0 bytes)", "a Parquet file", is_transport=True)
    file.meter.enter("extract")
    try:
        return _read(con, file, contract)
    except duckdb.Error as error:
        if isinstance(error, duckdb.OutOfMemoryException) or is_out_of_space(error):
            raise
        found = f"not readable as Parquet: {_damage(file)}"
        raise FileFault(file.name, found, "a complete Parquet file: send it again", is_transport=True) from None


def _damage(file: RawFile) -> str:
    """What is wrong with the bytes, in other words than a database's."""
    with file.path.open("rb") as stream:
        head = stream.read(len(_MARK))
        stream.seek(-min(len(_MARK), file.path.stat().st_size), os.SEEK_END)
        tail = stream.read()
    if head != _MARK:
        return "it does not begin as one"
    if tail != _MARK:
        return "it was cut off, its end is missing"
    return "its list of columns or a page of its rows is damaged"


def _read(con: duckdb.DuckDBPyConnection, file: RawFile, contract: Contract) -> Received:
    source = f"read_parquet({literal(str(file.path))}, file_row_number = true)"
    described = con.execute(f"describe select * from {source}").fetchall()
    types = {name: kind for name, kind, *_ in described if name != "file_row_number"}
    refuse_too_many_columns(file.name, len(types))
    missing = [column.name for column in contract.columns if column.required and column.name not in types]
    if missing:
        raise missing_columns(file.name, contract, missing, types, line=None)
    texts = {column.name: _text(column, types[column.name]) for column in contract.columns if column.name in types}
    _refuse_foreign(con, file, source, contract, types, [name for name, text in texts.items() if text is None])
    selected = ", ".join(f"{text or 'null::varchar'} as {quoted(name)}" for name, text in texts.items())
    con.execute(
        "create table received as"
        f" select file_row_number + 1 as tieout_row, null::bigint as tieout_line, {selected} from {source}"
    )
    fields = ", ".join(f"{literal(name)}, received.{quoted(name)}" for name in texts)
    notes = {
        column.name: "times without a zone, read as UTC"
        for column in contract.columns
        if column.kind == "timestamp" and types.get(column.name) in _NAIVE
    }
    return Received(columns=tuple(types), payload=f"json_object({fields})::varchar", notes=notes)


def _text(column: Column, kind: str) -> str | None:
    """SQL that gives the exact text of the column, None where its type is foreign to the contract's kind."""
    name = quoted(column.name)
    scale = int(kind.rstrip(")").split(",")[1]) if kind.startswith("DECIMAL") else 0
    is_whole = kind in _INTEGERS or (kind.startswith("DECIMAL") and scale == 0)
    is_exact = kind in _INTEGERS or kind.startswith("DECIMAL")
    if kind == "VARCHAR" or kind.startswith("ENUM") or (column.kind == "string" and (kind == "UUID" or is_whole)):
        return f"{name}::varchar"
    if is_exact and column.kind in _NUMBER_KINDS | {"integer"}:
        return f"{name}::varchar"
    if column.kind == "json" and (kind == "JSON" or kind.startswith(("STRUCT", "MAP")) or kind.endswith("]")):
        return f"to_json({name})::varchar"
    if (column.kind, kind) in (("boolean", "BOOLEAN"), ("date", "DATE")):
        return f"{name}::varchar"
    if column.kind == "date" and kind in _NAIVE:
        # Writers without a date type send midnights; any other time of day stays visible, and is rejected.
        return f"case when {name} = date_trunc('day', {name}) then {name}::date::varchar else {name}::varchar end"
    if column.kind == "timestamp" and kind in _NAIVE:
        return f"{name}::varchar || '+00'"
    if column.kind == "timestamp" and kind == "TIMESTAMP WITH TIME ZONE":
        return f"({name} at time zone 'UTC')::varchar || '+00'"
    return None


def _refuse_foreign(
    con: duckdb.DuckDBPyConnection,
    file: RawFile,
    source: str,
    contract: Contract,
    types: dict[str, str],
    suspects: list[str],
) -> None:
    """Raises FileFault for columns of a foreign type that hold values; one that is all null has none worth the name."""
    found: dict[str, str] = {}
    for name in suspects:
        filled = con.execute(f"select any_value({quoted(name)})::varchar from {source}").fetchone()
        if filled and filled[0] is not None:
            found[name] = filled[0]
    if found:
        columns = [contract.column(name) for name in found]
        expected = [f"{column.name} as {kind_in_words(column)} ({column.sql_type})" for column in columns]
        raise FileFault(
            file.name,
            "; ".join(f"column {name!r} was retyped to {types[name]}" for name in found),
            f"{', '.join(expected)} (contract {contract.domain} {contract.version})",
            column=next(iter(found)),
            value=next(iter(found.values())),
        )
