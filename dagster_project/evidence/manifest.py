"""The pack's manifest: SHA-256, size and rows of every file, and one root hash over them.

It holds no wall-clock time: the same snapshot, period and code give the same root hash on any machine.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.archive.files import sha256_of

MANIFEST = "manifest.json"
SCHEMA_VERSION = "3"


@dataclass(frozen=True)
class PackedFile:
    """One file: path within the pack, SHA-256, bytes, and rows where it is a table."""

    path: str
    sha256: str
    bytes: int
    rows: int | None = None


def describe(folder: Path, rows: dict[str, int]) -> list[PackedFile]:
    """Every file below `folder` but the manifest itself, in the order of their paths."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != MANIFEST)
    return [
        PackedFile(path, sha256_of(file), file.stat().st_size, rows.get(path))
        for file in files
        for path in [file.relative_to(folder).as_posix()]
    ]


def root_hash(files: list[PackedFile], facts: dict[str, Any]) -> str:
    """SHA-256 over the facts and every (path, hash, rows), in the order of the paths: any change changes it."""
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=False).encode())
    for file in sorted(files, key=lambda one: one.path):
        digest.update(f"{file.path}\0{file.sha256}\0{file.rows}\n".encode())
    return digest.hexdigest()


def write(folder: Path, facts: dict[str, Any], files: list[PackedFile]) -> str:
    """Writes `manifest.json` and returns the root hash."""
    root = root_hash(files, facts)
    document = {
        "schema_version": SCHEMA_VERSION,
        "root_hash": root,
        "facts": facts,
        "files": [vars(file) for file in files],
    }
    (folder / MANIFEST).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return root


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a pack; raises FileNotFoundError or ValueError."""
    document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if not isinstance(document, dict) or not {"root_hash", "facts", "files"} <= document.keys():
        raise ValueError(f"{folder / MANIFEST}: expected the keys root_hash, facts and files")
    return document
