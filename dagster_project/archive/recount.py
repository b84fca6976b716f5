"""Counts the rows of a link's Parquet again: rows, keys and control totals against what its manifest says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import duckdb

from dagster_project.archive.findings import Checked
from dagster_project.archive.manifest import Manifest
from dagster_project.archive.parsing.checks import WIDE
from dagster_project.archive.parsing.figures import total_of
from dagster_project.archive.parsing.received import quoted
from dagster_project.errors import is_out_of_space

RowFault = tuple[str, str, str]


def row_faults(
    con: duckdb.DuckDBPyConnection, link: Manifest, whole: Mapping[str, Path], counted: Checked
) -> Iterator[RowFault]:
    """(file, what was expected, what was found) of every figure that does not follow from the files' own rows."""
    rows = {name: path for name, path in whole.items() if name.startswith("parquet/")}
    rejects = {name: path for name, path in whole.items() if name.startswith("quarantine/")}
    if link.received_rows != link.parsed_rows + link.quarantined_rows:
        found = f"{link.parsed_rows:,} parsed and {link.quarantined_rows:,} quarantined"
        yield link.path, f"{link.received_rows:,} rows received", found
    if rows:
        yield from _readable(next(iter(rows)), lambda: _of_rows(con, link, rows, counted))
    if rejects or link.quarantined_rows:
        name = next(iter(rejects), next(iter(whole)))
        yield from _readable(name, lambda: _of_rejects(con, link, name, rejects, counted))


def _of_rows(
    con: duckdb.DuckDBPyConnection, link: Manifest, rows: Mapping[str, Path], counted: Checked
) -> Iterator[RowFault]:
    name, files = next(iter(rows)), [str(path) for path in rows.values()]
    types = dict(
        con.execute("select column_name, column_type from (describe from read_parquet(?))", [files]).fetchall()
    )
    totals = link.parsed_totals or (link.received_totals if not link.quarantined_rows else {})
    absent = sorted({*totals, *link.key_columns} - set(types))
    if absent:
        yield name, f"the columns {', '.join(absent)}", "a file without them"
        return
    measures = [total_of(quoted(column)) for column in totals]
    if link.key_columns:
        key = "row(" + ", ".join(quoted(column) for column in link.key_columns) + ")"
        text = " || '|' || ".join(_as_received(column, types[column]) for column in link.key_columns)
        measures += [f"arg_min({text}, {key})", f"arg_max({text}, {key})"]
    found = con.execute(f"select {', '.join(['count(*)', *measures])} from read_parquet(?)", [files]).fetchone()
    assert found is not None
    count, *figures = found
    counted.rows += count
    if count != link.parsed_rows:
        yield name, f"{link.parsed_rows:,} rows", f"{count:,}"
    for (column, total), sum_found in zip(totals.items(), figures, strict=False):
        counted.totals += 1
        if Decimal(total) != Decimal(sum_found):
            yield name, f"the control total {column} = {total}", sum_found
    if link.key_columns and (link.smallest_key, link.largest_key) != tuple(figures[-2:]):
        smallest, largest = figures[-2:]
        yield name, f"keys from {link.smallest_key} to {link.largest_key}", f"from {smallest} to {largest}"


def _of_rejects(
    con: duckdb.DuckDBPyConnection, link: Manifest, name: str, rejects: Mapping[str, Path], counted: Checked
) -> Iterator[RowFault]:
    files = [str(path) for path in rejects.values()]
    found = con.execute("select count(*) from read_parquet(?)", [files]).fetchone() if files else (0,)
    count = int(found[0]) if found else 0
    counted.quarantined += count
    if count != link.quarantined_rows:
        yield name, f"{link.quarantined_rows:,} quarantined rows", f"{count:,}"


def _as_received(column: str, kind: str) -> str:
    """SQL: the text of a key as the manifest has it, where decimals are wide."""
    return f"{quoted(column)}::{WIDE}::varchar" if kind.startswith("DECIMAL") else f"{quoted(column)}::varchar"


def _readable(name: str, faults: Callable[[], Iterator[RowFault]]) -> Iterator[RowFault]:
    try:
        yield from faults()
    except duckdb.Error as error:
        if isinstance(error, duckdb.OutOfMemoryException) or is_out_of_space(error):
            raise  # a fault of this machine, none of the archive
        yield name, "Parquet with the rows of the batch", str(error).splitlines()[0]
