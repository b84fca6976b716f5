"""The working copy of a remote archive, below the home: a cache that never holds what the archive lacks.

What a run writes is sent before it becomes visible here; what a run reads is fetched and checked. A local archive is
its own working copy, and nothing here does anything to it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from dagster_project.archive.files import sha256_of
from dagster_project.archive.named import Named
from dagster_project.archive.storage import storage_of
from dagster_project.errors import StoreError
from dagster_project.settings import Settings

_AT_ONCE = 64


def send(settings: Settings, scratch: Path, path: Path) -> None:
    """Sends a complete file of the working copy to the archive under its name; a manifest only where there is none."""
    if not settings.archive.is_remote:
        return
    storage, name = storage_of(settings), path.relative_to(settings.archive_path).as_posix()
    if not name.startswith("manifests/"):
        storage.put(name, scratch)
    elif not storage.create(name, scratch.read_bytes()):
        raise StoreError(f"{storage.shown(name)}: another machine wrote this link meanwhile; run again")


def manifest_files(settings: Settings) -> list[Path]:
    """The manifests as paths; of a remote archive those that it holds now, fetched where they are not here."""
    root = settings.archive_path
    if not settings.archive.is_remote:
        return [file for file in root.glob("manifests/*/*/*.json") if not file.name.startswith(".")]
    storage = storage_of(settings)
    held = storage.names("manifests")
    lacking = [name for name, size in held.items() if not _is_here(root / name, size)]
    for part in _parts(lacking):
        for name, content in storage.read_many(part).items():
            _place(root / name, content)
    return [root / name for name in held]


def forget_manifests(settings: Settings) -> bool:
    """Has them fetched anew, in case the working copy is wrong; False where the archive is no copy of anything."""
    if not settings.archive.is_remote:
        return False
    for file in settings.archive_path.glob("manifests/*/*/*.json"):
        file.unlink()
    return True


def bring(settings: Settings, wanted: Iterable[Named]) -> None:
    """Fetches what the archive holds and the working copy lacks, whole and as its hash says."""
    root = settings.archive_path
    lacking = {one.name: one for one in wanted if not (root / one.name).exists()}
    if not lacking or not settings.archive.is_remote:
        return
    storage = storage_of(settings)
    held = {name for room in sorted({name.partition("/")[0] for name in lacking}) for name in storage.names(room)}
    for part in _parts([name for name in lacking if name in held]):
        scratch = {name: (root / name).with_name(f".{Path(name).name}.{os.getpid()}.tmp") for name in part}
        try:
            storage.fetch(scratch)
            for name, path in scratch.items():
                expected = lacking[name].sha256
                if expected and (found := sha256_of(path)) != expected:
                    raise StoreError(damaged(storage.shown(name), expected, found))
                os.replace(path, root / name)
        finally:
            for path in scratch.values():
                path.unlink(missing_ok=True)


def damaged(place: str, expected: str, found: str | None) -> str:
    """A file that is not what the chain says, in words."""
    what = f"was changed: expected SHA-256 {expected}, found {found}" if found else "is missing"
    return f"{place}: {what}; `tieout archive verify` names all that is wrong and what to do"


def _is_here(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _place(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    scratch.write_bytes(content)
    os.replace(scratch, path)


def _parts(names: list[str]) -> Iterable[list[str]]:
    return (names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE))
