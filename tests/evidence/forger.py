"""What somebody does who changes a pack and knows how it is sealed."""

from __future__ import annotations

import csv
import re
import zipfile
from pathlib import Path

import duckdb

from dagster_project.evidence import manifest
from dagster_project.evidence.tables import TableWriter

PERIOD = "2026-04"  # breaks of several controls are planted in it


def reseal(folder: Path) -> None:
    """Makes the manifest agree with the changed files."""
    document = manifest.read(folder)
    rows = {entry["path"]: entry["rows"] for entry in document["files"] if entry["rows"] is not None}
    manifest.write(folder, document["facts"], manifest.describe(folder, rows))


def forge_csv(file: Path, column: str, value: str, where: str | None = None) -> None:
    """Puts the value into the first row, or the first that holds `where` in this column."""
    with file.open(encoding="utf-8", newline="") as lines:
        heading, *rows = csv.reader(lines)
    place = heading.index(column)
    next(row for row in rows if where in (None, row[place]))[place] = value
    with file.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines, lineterminator="\n").writerows([heading, *rows])


def forge_table(folder: Path, name: str, columns: str, where: str = "true") -> None:
    """Changes Parquet and CSV alike: `columns` as in an update."""
    with duckdb.connect() as con:
        con.execute(f"create table forged as from read_parquet('{folder / name}.parquet')")
        assert con.execute(f"update forged set {columns} where {where}").fetchall() != [(0,)]
        TableWriter(con, folder).write(name, "from forged")


def forge_workbook(file: Path, sheet: int, cell: str, value: str) -> None:
    """Replaces the first number, other than 0, of a cell whose place fits the pattern."""
    with zipfile.ZipFile(file) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    name = f"xl/worksheets/sheet{sheet}.xml"
    text, changed = re.subn(
        rf'(<c r="{cell}"(?: s="\d+")?><v>)[1-9]\d*', rf"\g<1>{value}", parts[name].decode(), count=1
    )
    assert changed
    with zipfile.ZipFile(file, "w") as book:
        for part, content in (parts | {name: text.encode()}).items():
            book.writestr(part, content)
