"""The relations that every reader fills, as text and before any judgement.

`received(tieout_row, tieout_line, <columns>)` holds the rows that have the file's shape, with the columns renamed as
the mapping says, `malformed(tieout_row, tieout_line, text, reason)` those that have not. Rows count from 1 at the first
data row, over both relations. Of a format with types `received` is a view over the file itself, and of `arrived`, which
has values of their kind as they came. The names are such that no contract has them: `journal_lines` has a `line_number`
of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import duckdb

NOT_A_SCALAR = chr(1)
"""Marks a value that no text can stand for, such as an object in a money column: it parses as no kind."""

Lines = Callable[[Iterable[int]], dict[int, int]]


@dataclass(frozen=True)
class Received:
    """What a reader found: the file's columns.

    `filled` are contract columns that the file has not and the mapping gives a value. `payload` is SQL for the row as
    received, over `received` and, where given, `payload_join`. `notes` are remarks on columns that were read all the
    same. `line_of` finds the lines of a few rows where `received` cannot know them without reading the file row by row.
    `typed` are columns that `received` also has as values of their kind, by `typed_name`: they need not be read again.
    `reading` is entered where `received` is read for the first time: it raises FileFault for damage that shows then.
    """

    columns: tuple[str, ...]
    payload: str
    payload_join: str = ""
    notes: dict[str, str] = field(default_factory=dict)
    line_of: Lines | None = None
    filled: tuple[str, ...] = ()
    typed: frozenset[str] = frozenset()
    reading: Callable[[], AbstractContextManager[None]] = nullcontext

    @property
    def given(self) -> tuple[str, ...]:
        """Columns that can hold a value."""
        return self.columns + self.filled


def quoted(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def typed_name(name: str) -> str:
    """The column of `received` and `mapped` that holds the value of a column, beside its text."""
    return quoted(f"{name}__typed")


def reset(con: duckdb.DuckDBPyConnection) -> None:
    """Drops what the file before left behind."""
    for view in ("checked", "mapped", "received", "arrived"):
        con.execute(f"drop view if exists temp.main.{view}")
    for table in ("received", "malformed", "lines", "checked", "rejected"):
        con.execute(f"drop table if exists {table}")
    con.execute("create table malformed (tieout_row bigint, tieout_line bigint, text varchar, reason varchar)")


def add_malformed(con: duckdb.DuckDBPyConnection, rows: list[tuple[int, int | None, str, str]]) -> None:
    """Adds rows without the file's shape."""
    _insert(con, "malformed", rows)


def fill(con: duckdb.DuckDBPyConnection, create: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Makes the table that `create` names in full and puts the rows into it."""
    con.execute(create)
    _insert(con, create.split(" (")[0].split()[-1], rows)


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """All at once: a statement per row would take an hour for a million misshapen ones."""
    if rows:
        import pyarrow as pa  # only what was rejected needs it

        columns = [pa.array(values) for values in zip(*rows, strict=True)]
        con.register("given_rows", pa.table(columns, names=[f"c{place}" for place in range(len(columns))]))
        con.execute(f"insert into {table} select * from given_rows")
        con.unregister("given_rows")
