"""Reads Parquet: exact types become text, types that cannot hold the value exactly are foreign."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import duckdb

from dagster_project.archive.parsing import checks, mapped
from dagster_project.archive.parsing.faults import FileFault, kind_in_words, missing_columns, refuse_too_many_columns
from dagster_project.archive.parsing.rawfile import RawFile
from dagster_project.archive.parsing.received import Received, literal, quoted, typed_name
from dagster_project.errors import is_out_of_space
from dagster_project.sources.contracts import Column, Contract
from dagster_project.sources.mapping import ObjectMapping

_MARK = b"PAR1"
_INTEGERS = {f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")}
_NAIVE = {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}
_TEXT_KINDS = {"string", "json", "period", "currency"}
_NUMBER_KINDS = {"money", "quantity", "unit_price", "flat_price", "rate", "percent"}


def read(con: duckdb.DuckDBPyConnection, file: RawFile, contract: Contract, mapping: ObjectMapping) -> Received:
    """Fills `received`; FileFault when the file is damaged, or a required column is missing or of a foreign type."""
    if file.path.stat().st_size == 0:
        raise FileFault(file.name, "the file is empty (0 bytes)", "a Parquet file", is_transport=True)
    file.meter.enter("extract")
    with _reading(file):
        return _read(con, file, contract, mapping)


@contextmanager
def _reading(file: RawFile) -> Iterator[None]:
    """Damage in words: that of the list of columns shows at once, that of a page when its rows are read."""
    try:
        yield
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


def _read(con: duckdb.DuckDBPyConnection, file: RawFile, contract: Contract, mapping: ObjectMapping) -> Received:
    source = f"read_parquet({literal(str(file.path))}, file_row_number = true)"
    described = con.execute(f"describe select * from {source}").fetchall()
    kinds = {name: kind for name, kind, *_ in described if name != "file_row_number"}
    refuse_too_many_columns(file.name, len(kinds))
    names = mapped.renamed(file.name, list(kinds), mapping, line=None)
    missing = mapped.missing(contract, names, mapping)
    if missing:
        raise missing_columns(file.name, contract, missing, kinds, mapping, line=None)
    theirs = dict(zip(names, kinds, strict=True))
    known = [(column, theirs[column.name]) for column in contract.columns if column.name in theirs]
    offset = "" if mapping.timezone else " || '+00'"
    texts = {column.name: _text(column, kinds[name], quoted(name), offset) for column, name in known}
    suspects = [(column, name, kinds[name]) for column, name in known if texts[column.name] is None]
    _refuse_foreign(con, file, contract, source, suspects)
    typed = frozenset(column.name for column, name in known if checks.is_of_kind(column, kinds[name]))
    _arrive(con, source, [(column, name, kinds[name], texts[column.name]) for column, name in known], typed, offset)
    fields = ", ".join(f"{literal(name)}, received.{quoted(column.name)}" for column, name in known)
    notes = {
        column.name: f"times without a zone, read as {mapping.timezone or 'UTC'}"
        for column, name in known
        if column.kind == "timestamp" and kinds[name] in _NAIVE
    }
    return Received(
        columns=tuple(names),
        payload=f"json_object({fields})::varchar",
        notes=notes,
        typed=typed,
        reading=partial(_reading, file),
    )


def _arrive(
    con: duckdb.DuckDBPyConnection,
    source: str,
    known: list[tuple[Column, str, str, str | None]],
    typed: frozenset[str],
    offset: str,
) -> None:
    """Shows the file: values of their kind as they are, all else as text; text of the former only where asked for.

    Nothing is copied: the rows are read when they are checked, and once more where some are rejected.
    `known` are (column, its name in the file, its type there, SQL of its text).
    """
    kept, shown = [], []
    for column, name, kind, text in known:
        own = quoted(column.name)
        if column.name in typed:
            kept.append(f"{quoted(name)} as {own}")
            shown.append(f"{_text(column, kind, own, offset)} as {own}, {own} as {typed_name(column.name)}")
        else:
            kept.append(f"{text or 'null::varchar'} as {own}")
            shown.append(own)
    con.execute(
        "create temp view arrived as"
        f" select file_row_number + 1 as tieout_row, null::bigint as tieout_line, {', '.join(kept)} from {source}"
    )
    con.execute(f"create temp view received as select tieout_row, tieout_line, {', '.join(shown)} from arrived")


def _text(column: Column, kind: str, name: str, offset: str) -> str | None:
    """SQL that gives the exact text of the column `name` of the file, None where its type is foreign to the kind.

    `offset` is appended to times without a zone.
    """
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
        return f"{name}::varchar{offset}"
    if column.kind == "timestamp" and kind == "TIMESTAMP WITH TIME ZONE":
        return f"({name} at time zone 'UTC')::varchar || '+00'"
    return None


def _refuse_foreign(
    con: duckdb.DuckDBPyConnection,
    file: RawFile,
    contract: Contract,
    source: str,
    suspects: list[tuple[Column, str, str]],
) -> None:
    """FileFault for those (column, its name and type in the file) that hold values; all null, a column has no type."""
    found: list[tuple[Column, str, str, str]] = []
    for column, name, kind in suspects:
        filled = con.execute(f"select any_value({quoted(name)})::varchar from {source}").fetchone()
        if filled and filled[0] is not None:
            found.append((column, name, kind, filled[0]))
    if found:
        expected = [f"{column.name} as {kind_in_words(column)} ({column.sql_type})" for column, *_ in found]
        raise FileFault(
            file.name,
            "; ".join(f"column {name!r} was retyped to {kind}" for _, name, kind, _ in found),
            f"{', '.join(expected)} (contract {contract.domain} {contract.version})",
            column=found[0][1],
            value=found[0][3],
        )
