"""Writes again what the same code would write from a pack's Parquet, and compares: workbook, contracts, README."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.archive.files import sha256_of
from dagster_project.evidence.cells import read_cells, same_parts
from dagster_project.evidence.logic import CONTRACTS, copy_contracts
from dagster_project.evidence.readme import README, README_FILE
from dagster_project.evidence.workbook import WORKBOOK, write_workbook
from dagster_project.version import code_version

_SHOWN = 10


def rewritten(con: duckdb.DuckDBPyConnection, folder: Path, facts: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Faults in words, and what could not be compared."""
    if facts.get("code_version") != code_version():
        return [], [
            f"workbook, contracts and README: the pack was written by {facts.get('code_version')}, this is"
            f" {code_version()}; only the version that wrote them can write them again"
        ]
    with tempfile.TemporaryDirectory() as scratch:
        again = Path(scratch)
        copy_contracts(again / "logic")
        (again / README_FILE).write_text(README, encoding="utf-8")
        write_workbook(con, folder, again / WORKBOOK, facts)
        others = _other_files(folder, again)
        if not (folder / WORKBOOK).is_file():
            return [*others, f"{WORKBOOK}: is missing"], []
        try:
            return _compared(others, folder / WORKBOOK, again / WORKBOOK)
        except ValueError as error:
            return [*others, f"{WORKBOOK}: {error}"], []


def _other_files(folder: Path, again: Path) -> list[str]:
    parts = [f"logic/{name}/**/*" for name in CONTRACTS] + [README_FILE]
    names = {
        file.relative_to(root).as_posix()
        for root in (folder, again)
        for part in parts
        for file in root.glob(part)
        if file.is_file()
    }
    return [
        f"{name}: is not what this version writes" for name in sorted(names) if not _equal(folder / name, again / name)
    ]


def _equal(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and sha256_of(one) == sha256_of(other)


def _compared(faults: list[str], found: Path, expected: Path) -> tuple[list[str], list[str]]:
    """What a reader of the workbook would see is compared cell by cell where the files are not the same to the byte."""
    if same_parts(found, expected):
        return faults, []
    cells, known = read_cells(found), read_cells(expected)
    other = [place for place in {**known, **cells} if cells.get(place) != known.get(place)]
    if not other:
        return faults, [f"{WORKBOOK}: that it hides nothing: its cells are as written, its layout is not"]
    faults += [
        f"{WORKBOOK}: {place} reads {cells.get(place)!r}; by the pack's Parquet it is {known.get(place)!r}"
        for place in other[:_SHOWN]
    ]
    return faults + ([f"{WORKBOOK}: {len(other) - _SHOWN} further cells differ"] if len(other) > _SHOWN else []), []
