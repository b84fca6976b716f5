"""Writes one query as Parquet (the record) and CSV (a working copy that a spreadsheet cannot take for formulas)."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from dagster_project.sql import quoted, scalar

_FORMULA = ", ".join(str(ord(sign)) for sign in "=+-@\t\r")

Files = tuple[Path, Path]
Columns = tuple[tuple[str, str], ...]
"""Name and type of each."""


@dataclass
class TableWriter:
    """Writes into one pack and remembers rows per file and how many CSV cells were neutralised."""

    con: duckdb.DuckDBPyConnection
    folder: Path
    rows: dict[str, int] = field(default_factory=dict)
    neutralised_cells: int = 0
    _without_rows: dict[object, Files] = field(default_factory=dict)
    """Files without rows, by their columns or query: most statuses of most controls have none, and all look alike."""

    def write(self, name: str, query: str, parameters: list[object] | None = None) -> int:
        """Writes `<name>.parquet` and `<name>.csv` of the query, rows in the order of all columns; returns the rows."""
        ordered = f"create or replace temp table packed as select * from ({query}) order by all"
        rows = int(scalar(self.con, ordered, parameters))
        columns = columns_of(self.con, "packed")
        if not rows and columns in self._without_rows:
            self._repeat(name, columns)
            return 0
        files = self._files(name, rows)
        formulas = self._formulas(columns) if rows else 0
        self._copy("from packed", files[0], "format parquet, compression zstd")
        # nearly no table has any, and planning so many cases takes longer than writing a small one
        self._copy(f"select {spreadsheet_safe(columns)} from packed" if formulas else "from packed", files[1], "header")
        self.neutralised_cells += formulas
        if not rows:
            self._without_rows[columns] = files
        return rows

    def write_none(self, name: str, query: str) -> None:
        """Writes both without a row, with the columns of the query."""
        if query in self._without_rows:
            self._repeat(name, query)
        else:
            self.write(name, f"select * from ({query}) limit 0")
            self._without_rows[query] = self._without_rows[columns_of(self.con, "packed")]

    def _files(self, name: str, rows: int) -> Files:
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        self.rows[f"{name}.parquet"] = self.rows[f"{name}.csv"] = rows
        return target.with_name(f"{target.name}.parquet"), target.with_name(f"{target.name}.csv")

    def _repeat(self, name: str, of: object) -> None:
        for written, file in zip(self._without_rows[of], self._files(name, 0), strict=True):
            shutil.copyfile(written, file)

    def _copy(self, query: str, target: Path, options: str) -> None:
        self.con.execute(f"copy ({query}) to '{quoted(target)}' ({options})")

    def _formulas(self, columns: Columns) -> int:
        """Text cells that a spreadsheet would calculate."""
        texts = [f"count(*) filter ({_is_formula(_quoted(name))})" for name, kind in columns if kind == "VARCHAR"]
        return int(scalar(self.con, f"select {' + '.join(texts) or 0} from packed limit 1"))


def columns_of(con: duckdb.DuckDBPyConnection, table: str) -> Columns:
    """Name and type of every column, in the order of the table."""
    described = con.execute(f"select * from {table} limit 0").description or []
    return tuple((name, str(kind)) for name, kind, *_ in described)


def spreadsheet_safe(columns: Columns) -> str:
    """The columns as a spreadsheet may read them: a leading apostrophe where it would calculate a text."""
    return ", ".join(_safe(_quoted(name)) if kind == "VARCHAR" else _quoted(name) for name, kind in columns)


def _safe(cell: str) -> str:
    return f"case when {_is_formula(cell)} then '''' || {cell} else {cell} end as {cell}"


def _is_formula(cell: str) -> str:
    """By its first character, which takes a third of what a regular expression does."""
    return f"ascii({cell}) in ({_FORMULA})"


def _quoted(name: str) -> str:
    return f'"{name}"'
