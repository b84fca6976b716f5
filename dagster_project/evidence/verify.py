"""Verifies a pack from itself: every hash, every CSV against its Parquet, every total recomputed from that Parquet.

What the code writes itself is compared only where it is the code that wrote the pack.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.archive.files import sha256_of
from dagster_project.errors import InputError
from dagster_project.evidence import manifest
from dagster_project.evidence.again import rewritten
from dagster_project.evidence.recompute import recompute
from dagster_project.evidence.seal import checked_root, seal_faults, unproven
from dagster_project.evidence.twins import twin_faults
from dagster_project.sql import scalar


@dataclass(frozen=True)
class Verification:
    """What was checked, every fault in words (none: the pack agrees with itself), and what no check here can prove."""

    files: int
    totals: int
    root_hash: str
    faults: tuple[str, ...]
    unproven: tuple[str, ...]


def verify_pack(folder: Path, root: str | None = None) -> Verification:
    """Checks hashes and recomputes the totals of the pack in `folder`, and says what was found.

    `root` is the root hash that it must have, or the first 12 digits of it or more. Raises InputError when that is no
    hash, or the folder no pack.
    """
    known = checked_root(root)
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
    faults, compared, open_ends = list(_file_faults(folder, files)), 0, list(unproven(folder, known))
    if not faults:
        with duckdb.connect() as con:
            faults += twin_faults(con, folder, files)
            try:
                faults += _row_faults(con, folder, files)
                compared, wrong = recompute(con, folder, document["facts"])
                faults += wrong
                if not faults:
                    wrong, ends = rewritten(con, folder, document["facts"])
                    faults, open_ends = wrong, open_ends + ends
            except duckdb.Error as error:
                faults.append(f"a table is not as the pack writes it: {str(error).splitlines()[0]}")
    faults += seal_faults(folder, document, files, known)
    return Verification(len(files), compared, document["root_hash"], tuple(faults), tuple(open_ends))


def is_untouched(folder: Path) -> bool:
    """Whether every file of the pack has the hash that its manifest says; recomputes nothing."""
    try:
        document, files = _read(folder)
    except (OSError, ValueError, TypeError):
        return False
    return not [*_file_faults(folder, files), *seal_faults(folder, document, files, None)]


def _read(folder: Path) -> tuple[dict[str, Any], list[manifest.PackedFile]]:
    document = manifest.read(folder)
    return document, [manifest.PackedFile(**entry) for entry in document["files"]]


def _file_faults(folder: Path, files: list[manifest.PackedFile]) -> Iterator[str]:
    listed = {file.path for file in files}
    for file in files:
        path = folder / file.path
        if not path.is_file():
            yield f"{file.path}: is missing"
        elif (found := sha256_of(path)) != file.sha256:
            yield f"{file.path}: was changed; expected SHA-256 {file.sha256}, found {found}"
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != manifest.MANIFEST and name not in listed:
            yield f"{name}: is not in the manifest"


def _row_faults(con: duckdb.DuckDBPyConnection, folder: Path, files: list[manifest.PackedFile]) -> Iterator[str]:
    for file in files:
        if file.rows is None:
            continue
        path = str(folder / file.path)
        reader = "read_parquet(?)" if path.endswith(".parquet") else "read_csv(?, all_varchar=true, header=true)"
        rows = scalar(con, f"select count(*) from {reader}", [path])
        if rows != file.rows:
            yield f"{file.path}: expected {file.rows} rows, found {rows}"
