"""Verifies a pack from itself alone: every hash, every row count, every total recomputed from its own Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.errors import InputError
from dagster_project.evidence import manifest
from dagster_project.evidence.recompute import recompute
from dagster_project.sql import scalar


@dataclass(frozen=True)
class Verification:
    """What was checked, and every fault in words (none: the pack is what it says)."""

    files: int
    totals: int
    root_hash: str
    faults: tuple[str, ...]


def verify_pack(folder: Path) -> Verification:
    """Checks hashes and recomputes the totals of the pack in `folder`; raises InputError when it is not a pack."""
    try:
        document, files = _read(folder)
    except FileNotFoundError:
        raise InputError(f"{folder}: no {manifest.MANIFEST} in it; expected the folder of an evidence pack") from None
    except (ValueError, TypeError) as error:
        raise InputError(f"{folder / manifest.MANIFEST}: not a manifest of a pack: {error}") from None
    if (version := document.get("schema_version")) != manifest.SCHEMA_VERSION:
        raise InputError(
            f"{folder / manifest.MANIFEST}: schema_version is {version}, expected {manifest.SCHEMA_VERSION}; verify the"
            f" pack with the version of Tieout that wrote it ({document['facts'].get('code_version')})"
        )
    faults = list(_file_faults(folder, files, document))
    compared = 0
    if not faults:
        with duckdb.connect() as con:
            faults += _row_faults(con, folder, files)
            compared, wrong = recompute(con, folder)
            faults += wrong
    return Verification(len(files), compared, document["root_hash"], tuple(faults))


def is_untouched(folder: Path) -> bool:
    """Whether every file of the pack has the hash that its manifest says; recomputes nothing."""
    try:
        document, files = _read(folder)
    except (OSError, ValueError, TypeError):
        return False
    return not list(_file_faults(folder, files, document))


def _read(folder: Path) -> tuple[dict[str, Any], list[manifest.PackedFile]]:
    document = manifest.read(folder)
    return document, [manifest.PackedFile(**entry) for entry in document["files"]]


def _file_faults(folder: Path, files: list[manifest.PackedFile], document: dict[str, Any]) -> Iterator[str]:
    listed = {file.path for file in files}
    for file in files:
        path = folder / file.path
        if not path.is_file():
            yield f"{file.path}: is missing"
        elif (found := manifest.sha256_of(path)) != file.sha256:
            yield f"{file.path}: was changed; expected SHA-256 {file.sha256}, found {found}"
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != manifest.MANIFEST and name not in listed:
            yield f"{name}: is not in the manifest"
    if manifest.root_hash(files, document["facts"]) != document["root_hash"]:
        yield f"{manifest.MANIFEST}: the root hash does not follow from its own entries; the manifest was changed"


def _row_faults(con: duckdb.DuckDBPyConnection, folder: Path, files: list[manifest.PackedFile]) -> Iterator[str]:
    for file in files:
        if file.rows is None:
            continue
        path = str(folder / file.path)
        reader = "read_parquet(?)" if path.endswith(".parquet") else "read_csv(?, all_varchar=true, header=true)"
        rows = scalar(con, f"select count(*) from {reader}", [path])
        if rows != file.rows:
            yield f"{file.path}: expected {file.rows} rows, found {rows}"
