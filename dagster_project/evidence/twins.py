"""Holds every CSV of a pack against the Parquet of the same table, text for text as the pack writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb

from dagster_project.evidence.manifest import PackedFile
from dagster_project.evidence.tables import Columns, columns_of, spreadsheet_safe
from dagster_project.sql import quoted

_SHOWN = 5  # rows of a table; a row that was taken out makes all that follow differ
_KEY = 4  # values that name a row


def twin_faults(con: duckdb.DuckDBPyConnection, folder: Path, files: list[PackedFile]) -> Iterator[str]:
    """Every cell of a CSV that is not what its Parquet says, in words; equal pairs of files are read once."""
    by_path = {file.path: file for file in files}
    seen = set()
    for file in (one for one in files if one.path.endswith(".csv")):
        twin = by_path.get(file.path.removesuffix(".csv") + ".parquet")
        if twin is None:
            yield f"{file.path}: has no Parquet beside it"
            continue
        if (pair := (file.sha256, twin.sha256)) in seen:
            continue
        seen.add(pair)
        try:
            yield from _cells(con, folder / file.path, folder / twin.path, file.path)
        except duckdb.Error as error:
            yield f"{file.path}: cannot be read beside its Parquet: {str(error).splitlines()[0]}"


def _cells(con: duckdb.DuckDBPyConnection, csv: Path, parquet: Path, name: str) -> Iterator[str]:
    con.execute(f"create or replace temp view record as from read_parquet('{quoted(parquet)}')")
    columns = columns_of(con, "record")
    names = [column for column, _ in columns]
    with csv.open(encoding="utf-8") as lines:
        heading = lines.readline().rstrip("\n")
    if heading != ",".join(names):
        yield f"{name}: its columns are {heading}; those of its Parquet are {','.join(names)}"
        return
    rows = con.execute(_differing(csv, columns)).fetchall()
    for number, *values in rows[:_SHOWN]:
        texts, record = values[: len(names)], values[len(names) :]
        key = ", ".join([value for value in record if value is not None][:_KEY])
        for column, text, expected in zip(names, texts, record, strict=True):
            if text != expected:
                yield f"{name}: row {number} ({key}), {column}: {text!r}; its Parquet says {expected!r}"
    if len(rows) > _SHOWN:
        yield f"{name}: {len(rows) - _SHOWN} further rows differ from its Parquet"


def _differing(csv: Path, columns: Columns) -> str:
    """Rows whose texts differ, side by side in the order of the files, which is one and the same."""
    types = ", ".join(f"'t{place}': 'varchar'" for place in range(len(columns)))
    record = ", ".join(f"p{place}" for place in range(len(columns)))
    differs = " or ".join(f"t{place} is distinct from p{place}" for place in range(len(columns)))
    return f"""
        select * from (
            select row_number() over () as number, * from (
                from read_csv(
                    '{quoted(csv)}', columns = {{{types}}}, header = true, auto_detect = false, delim = ',',
                    quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false
                )
            )
            positional join (
                select cast(columns(*) as varchar) from (select {spreadsheet_safe(columns)} from record)
            ) as record({record})
        )
        where {differs}
    """
